/* SPDX-License-Identifier: MIT */
#include "symbolizer/arithmetic.h"

#include <dwarf.h>
#include <string.h>

uint64_t operand_cut(uint64_t bits, unsigned size) {
    return size >= sizeof(bits) ? bits : bits & ((UINT64_C(1) << size * 8) - 1);
}

static int64_t as_signed(struct operand operand) {
    unsigned unused = 64 - 8u * operand.size;
    return (int64_t)(operand.bits << unused) >> unused;
}

static bool is_float(struct operand operand) {
    return operand.encoding == DW_ATE_float && (operand.size == 4 || operand.size == 8);
}

/* Addresses are compared and divided as if they had a sign (DWARF 5, 2.5.1.4). */
static bool has_sign(struct operand operand) {
    return operand.encoding == 0 || operand.encoding == DW_ATE_signed ||
           operand.encoding == DW_ATE_signed_char;
}

static double as_double(struct operand operand) {
    if (is_float(operand) && operand.size == 4) {
        float value;
        uint32_t bits = (uint32_t)operand.bits;
        memcpy(&value, &bits, sizeof(value));
        return value;
    }
    if (is_float(operand)) {
        double value;
        memcpy(&value, &operand.bits, sizeof(value));
        return value;
    }
    return has_sign(operand) ? (double)as_signed(operand) : (double)operand.bits;
}

static struct operand of_double(double value, struct operand type) {
    type.bits = 0;
    if (type.size == 4) {
        float narrow = (float)value;
        memcpy(&type.bits, &narrow, sizeof(narrow));
    } else {
        memcpy(&type.bits, &value, sizeof(value));
    }
    return type;
}

static struct operand of_bits(uint64_t bits, struct operand type) {
    type.bits = operand_cut(bits, type.size);
    return type;
}

struct operand operand_convert(struct operand from, struct operand type) {
    if (is_float(type))
        return of_double(as_double(from), type);
    if (is_float(from)) {
        double value = as_double(from);
        bool fits = value > -9e18 && value < 9e18;
        return of_bits(fits ? (uint64_t)(int64_t)value : 0, type);
    }
    bool extend = from.encoding != 0 && has_sign(from);
    return of_bits(extend ? (uint64_t)as_signed(from) : from.bits, type);
}

struct operand operand_reinterpret(struct operand from, struct operand type) {
    return of_bits(from.bits, type);
}

bool operand_is_unary(unsigned operation) {
    return operation == DW_OP_abs || operation == DW_OP_neg || operation == DW_OP_not;
}

bool operand_is_binary(unsigned operation) {
    switch (operation) {
    case DW_OP_and:
    case DW_OP_div:
    case DW_OP_minus:
    case DW_OP_mod:
    case DW_OP_mul:
    case DW_OP_or:
    case DW_OP_plus:
    case DW_OP_shl:
    case DW_OP_shr:
    case DW_OP_shra:
    case DW_OP_xor:
    case DW_OP_eq:
    case DW_OP_ge:
    case DW_OP_gt:
    case DW_OP_le:
    case DW_OP_lt:
    case DW_OP_ne:
        return true;
    default:
        return false;
    }
}

bool operand_unary(unsigned operation, struct operand operand, struct operand *ret) {
    *ret = operand;
    if (operation == DW_OP_not) {
        *ret = of_bits(~operand.bits, operand);
        return !is_float(operand);
    }
    if (is_float(operand)) {
        double value = as_double(operand);
        *ret = of_double(operation == DW_OP_abs && value >= 0 ? value : -value, operand);
    } else if (operation == DW_OP_neg || as_signed(operand) < 0) {
        *ret = of_bits(-operand.bits, operand);
    }
    return true;
}

static bool compare(unsigned operation, int order) {
    switch (operation) {
    case DW_OP_eq:
        return order == 0;
    case DW_OP_ne:
        return order != 0;
    case DW_OP_ge:
        return order >= 0;
    case DW_OP_gt:
        return order > 0;
    case DW_OP_le:
        return order <= 0;
    default:
        return order < 0;
    }
}

static bool is_comparison(unsigned operation) {
    return operation >= DW_OP_eq && operation <= DW_OP_ne;
}

static bool with_floats(unsigned operation, struct operand first, struct operand second,
                        struct operand *ret) {
    double a = as_double(first), b = as_double(second);
    switch (operation) {
    case DW_OP_plus:
        *ret = of_double(a + b, first);
        return true;
    case DW_OP_minus:
        *ret = of_double(a - b, first);
        return true;
    case DW_OP_mul:
        *ret = of_double(a * b, first);
        return true;
    case DW_OP_div:
        *ret = of_double(a / b, first);
        return true;
    default:
        return false;
    }
}

static bool divide(unsigned operation, struct operand first, struct operand second,
                   struct operand *ret) {
    if (second.bits == 0)
        return false;
    if (operation == DW_OP_mod) {
        *ret = of_bits(has_sign(first) && first.encoding != 0
                           ? (second.bits == operand_cut(UINT64_MAX, second.size)
                                  ? 0
                                  : (uint64_t)(as_signed(first) % as_signed(second)))
                           : first.bits % second.bits,
                       first);
        return true;
    }
    if (!has_sign(first))
        *ret = of_bits(first.bits / second.bits, first);
    else if (as_signed(second) == -1)
        *ret = of_bits(-first.bits, first);
    else
        *ret = of_bits((uint64_t)(as_signed(first) / as_signed(second)), first);
    return true;
}

static uint64_t shift(unsigned operation, struct operand first, uint64_t by) {
    bool out = by >= 8u * first.size;
    uint64_t wide = (uint64_t)as_signed(first), sign = as_signed(first) < 0 ? UINT64_MAX : 0;
    switch (operation) {
    case DW_OP_shl:
        return out ? 0 : first.bits << by;
    case DW_OP_shr:
        return out ? 0 : first.bits >> by;
    default:
        return out ? sign : wide >> by | (by ? sign << (64 - by) : 0);
    }
}

bool operand_binary(unsigned operation, struct operand first, struct operand second,
                    struct operand *ret) {
    *ret = (struct operand){.size = sizeof(uint64_t)};
    bool shifts = operation == DW_OP_shl || operation == DW_OP_shr || operation == DW_OP_shra;
    if (!shifts && is_float(first) != is_float(second))
        return false;
    if (is_comparison(operation)) {
        int order;
        if (is_float(first))
            order = as_double(first) < as_double(second)   ? -1
                    : as_double(first) > as_double(second) ? 1
                                                           : 0;
        else if (has_sign(first))
            order = as_signed(first) < as_signed(second)   ? -1
                    : as_signed(first) > as_signed(second) ? 1
                                                           : 0;
        else
            order = first.bits < second.bits ? -1 : first.bits > second.bits;
        ret->bits = compare(operation, order);
        return true;
    }
    if (is_float(first))
        return with_floats(operation, first, second, ret);
    switch (operation) {
    case DW_OP_and:
        *ret = of_bits(first.bits & second.bits, first);
        return true;
    case DW_OP_or:
        *ret = of_bits(first.bits | second.bits, first);
        return true;
    case DW_OP_xor:
        *ret = of_bits(first.bits ^ second.bits, first);
        return true;
    case DW_OP_plus:
        *ret = of_bits(first.bits + second.bits, first);
        return true;
    case DW_OP_minus:
        *ret = of_bits(first.bits - second.bits, first);
        return true;
    case DW_OP_mul:
        *ret = of_bits(first.bits * second.bits, first);
        return true;
    case DW_OP_div:
    case DW_OP_mod:
        return divide(operation, first, second, ret);
    default:
        *ret = of_bits(shift(operation, first, second.bits), first);
        return true;
    }
}
