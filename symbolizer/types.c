/* SPDX-License-Identifier: MIT */
#include "symbolizer/types.h"

#include <stdio.h>
#include <string.h>

#include "symbolizer/dwarf/value.h"
#include "symbolizer/expression.h"
#include "symbolizer/scope.h"

enum { STRIP_LIMIT = 64, NESTING_LIMIT = 16, NAME_LIMIT = 1024, POINTER_SIZE = 8 };

bool type_of(const struct dw_die *die, struct dw_die *ret) {
    struct dw_value value;
    return dw_die_inherited(die, DW_AT_type, &value) && dw_value_reference(&value, ret);
}

static bool is_transparent(unsigned tag) {
    switch (tag) {
    case DW_TAG_typedef:
    case DW_TAG_const_type:
    case DW_TAG_volatile_type:
    case DW_TAG_restrict_type:
    case DW_TAG_atomic_type:
    case DW_TAG_immutable_type:
    case DW_TAG_packed_type:
    case DW_TAG_shared_type:
    case DW_TAG_template_alias:
        return true;
    default:
        return false;
    }
}

bool type_strip(const struct dw_die *type, struct dw_die *ret) {
    struct dw_die at = *type, next;
    for (size_t i = 0; i < STRIP_LIMIT; i++) {
        if (!is_transparent(dw_die_tag(&at))) {
            if (dw_die_reference(&at, DW_AT_signature, &next))
                at = next;
            *ret = at;
            return true;
        }
        if (!type_of(&at, &next))
            return false;
        at = next;
    }
    return false;
}

bool type_target(const struct dw_die *die, struct dw_die *ret) {
    struct dw_die type;
    return type_of(die, &type) && type_strip(&type, ret);
}

bool type_is_structure(const struct dw_die *type) {
    unsigned tag = dw_die_tag(type);
    return tag == DW_TAG_structure_type || tag == DW_TAG_class_type || tag == DW_TAG_union_type ||
           tag == DW_TAG_interface_type;
}

bool type_is_reference(const struct dw_die *type) {
    unsigned tag = dw_die_tag(type);
    return tag == DW_TAG_reference_type || tag == DW_TAG_rvalue_reference_type;
}

/* A constant, an expression, or another entry whose value it is. */
static bool bound(const struct activation *activation, const struct dw_die *die, unsigned name,
                  uint64_t *ret) {
    struct dw_value value;
    struct dw_die variable;
    struct place place;
    int64_t number;
    if (!dw_die_attribute(die, name, &value))
        return false;
    if (dw_value_signed(&value, &number)) {
        *ret = (uint64_t)number;
        /* Clang gives large bounds by forms that have no sign. */
        return value.form == DW_FORM_sdata || value.form == DW_FORM_implicit_const
                   ? true
                   : dw_value_unsigned(&value, ret);
    }
    struct expression expression = {.unit = value.unit};
    if (dw_value_block(&value, &expression.bytes, &expression.size))
        return expression_number(activation, &expression, NULL, ret) == OUTCOME_OK;
    struct dw_die type;
    *ret = 0;
    if (!dw_value_reference(&value, &variable))
        return false;
    struct dw_value constant;
    if (dw_die_inherited(&variable, DW_AT_const_value, &constant))
        return dw_value_unsigned(&constant, ret);
    uint64_t size = POINTER_SIZE;
    if (type_target(&variable, &type))
        size = type_size(activation, &type);
    return size > 0 && size <= sizeof(*ret) &&
           expression_attribute(activation, &variable, DW_AT_location, &place) == OUTCOME_OK &&
           place_read(activation, &place, 0, size * 8, (uint8_t *)ret) == OUTCOME_OK;
}

size_t type_dimensions(const struct activation *activation, const struct dw_die *array,
                       uint64_t counts[TYPE_DIMENSIONS]) {
    struct dw_die child;
    size_t n = 0;
    if (!dw_die_child(array, &child))
        return 0;
    do {
        uint64_t count = 0, upper, lower = 0;
        if (dw_die_tag(&child) == DW_TAG_enumeration_type) {
            struct dw_die enumerator;
            if (dw_die_child(&child, &enumerator))
                do
                    count++;
                while (dw_die_next_sibling(&enumerator));
        } else if (dw_die_tag(&child) != DW_TAG_subrange_type) {
            continue;
        } else if (!bound(activation, &child, DW_AT_count, &count) &&
                   bound(activation, &child, DW_AT_upper_bound, &upper)) {
            bound(activation, &child, DW_AT_lower_bound, &lower);
            count = upper - lower + 1;
        }
        counts[n++] = count;
    } while (n < TYPE_DIMENSIONS && dw_die_next_sibling(&child));
    return n;
}

static uint64_t array_size(const struct activation *activation, const struct dw_die *type,
                           unsigned depth);

static uint64_t size_of(const struct activation *activation, const struct dw_die *type,
                        unsigned depth) {
    struct dw_die stripped, target;
    uint64_t size;
    if (depth > NESTING_LIMIT || !type_strip(type, &stripped))
        return 0;
    if (bound(activation, &stripped, DW_AT_byte_size, &size))
        return size;
    switch (dw_die_tag(&stripped)) {
    case DW_TAG_pointer_type:
    case DW_TAG_reference_type:
    case DW_TAG_rvalue_reference_type:
    case DW_TAG_ptr_to_member_type:
        return POINTER_SIZE;
    case DW_TAG_array_type:
        return array_size(activation, &stripped, depth);
    case DW_TAG_enumeration_type:
    case DW_TAG_subrange_type:
        return type_target(&stripped, &target) ? size_of(activation, &target, depth + 1) : 0;
    default:
        return 0;
    }
}

static uint64_t array_size(const struct activation *activation, const struct dw_die *type,
                           unsigned depth) {
    uint64_t counts[TYPE_DIMENSIONS], size;
    struct dw_die element;
    if (!type_target(type, &element))
        return 0;
    size = size_of(activation, &element, depth + 1);
    size_t n = type_dimensions(activation, type, counts);
    for (size_t i = 0; i < n; i++)
        if (__builtin_mul_overflow(size, counts[i], &size))
            return 0;
    return n ? size : 0;
}

uint64_t type_size(const struct activation *activation, const struct dw_die *type) {
    return size_of(activation, type, 0);
}

static void append(char *buffer, size_t size, const char *text) {
    size_t length = strlen(buffer);
    if (length + 1 < size)
        snprintf(buffer + length, size - length, "%s", text);
}

static void name_of(const struct dw_die *type, char *buffer, size_t size, unsigned depth);

/* "void (Class::*)(Class * const, int)" */
static void method_name_of(const struct dw_die *type, char *buffer, size_t size, unsigned depth) {
    struct dw_die function, class, result, child, parameter;
    bool first = true;
    if (!type_target(type, &function) || !dw_die_reference(type, DW_AT_containing_type, &class))
        return;
    bool method = dw_die_tag(&function) == DW_TAG_subroutine_type;
    if (!method)
        name_of(&function, buffer, size, depth + 1);
    else if (type_of(&function, &result))
        name_of(&result, buffer, size, depth + 1);
    else
        append(buffer, size, "void");
    append(buffer, size, method ? " (" : " ");
    name_of(&class, buffer, size, depth + 1);
    append(buffer, size, "::*");
    if (!method)
        return;
    append(buffer, size, ")(");
    if (dw_die_child(&function, &child))
        do {
            if (dw_die_tag(&child) != DW_TAG_formal_parameter || !type_of(&child, &parameter))
                continue;
            append(buffer, size, first ? "" : ", ");
            name_of(&parameter, buffer, size, depth + 1);
            /* `this` cannot be changed. */
            if (first && dw_die_flag(&child, DW_AT_artificial) &&
                dw_die_tag(&parameter) == DW_TAG_pointer_type)
                append(buffer, size, " const");
            first = false;
        } while (dw_die_next_sibling(&child));
    append(buffer, size, ")");
}

static void name_of(const struct dw_die *type, char *buffer, size_t size, unsigned depth) {
    struct dw_die target;
    bool has_target = type_of(type, &target);
    unsigned tag = dw_die_tag(type);
    if (depth > NESTING_LIMIT)
        return;
    switch (tag) {
    case DW_TAG_pointer_type:
    case DW_TAG_reference_type:
    case DW_TAG_rvalue_reference_type:
        /* Rust's pointers have names. */
        if (dw_die_string(type, DW_AT_name))
            break;
        if (has_target)
            name_of(&target, buffer, size, depth + 1);
        else
            append(buffer, size, "void");
        append(buffer, size,
               tag == DW_TAG_pointer_type
                   ? has_target && (dw_die_tag(&target) == DW_TAG_pointer_type) ? "*" : " *"
               : tag == DW_TAG_reference_type ? " &"
                                              : " &&");
        return;
    case DW_TAG_const_type:
    case DW_TAG_volatile_type: {
        const char *word = tag == DW_TAG_const_type ? "const" : "volatile";
        bool after = has_target && (dw_die_tag(&target) == DW_TAG_pointer_type);
        if (!after) {
            append(buffer, size, word);
            append(buffer, size, " ");
        }
        if (has_target)
            name_of(&target, buffer, size, depth + 1);
        else
            append(buffer, size, "void");
        if (after) {
            append(buffer, size, " ");
            append(buffer, size, word);
        }
        return;
    }
    case DW_TAG_array_type: {
        struct dw_die child;
        if (has_target)
            name_of(&target, buffer, size, depth + 1);
        append(buffer, size, " ");
        size_t n = 0;
        if (dw_die_child(type, &child))
            do {
                uint64_t upper;
                char text[32] = "[]";
                if (dw_die_unsigned(&child, DW_AT_count, &upper))
                    snprintf(text, sizeof text, "[%llu]", (unsigned long long)upper);
                else if (dw_die_unsigned(&child, DW_AT_upper_bound, &upper))
                    snprintf(text, sizeof text, "[%llu]", (unsigned long long)upper + 1);
                append(buffer, size, text);
            } while (++n < TYPE_DIMENSIONS && dw_die_next_sibling(&child));
        return;
    }
    case DW_TAG_ptr_to_member_type:
        method_name_of(type, buffer, size, depth);
        return;
    case DW_TAG_subroutine_type:
        if (has_target)
            name_of(&target, buffer, size, depth + 1);
        else
            append(buffer, size, "void");
        append(buffer, size, " ()");
        return;
    default:
        break;
    }
    if (tag == DW_TAG_base_type) {
        const char *name = dw_die_string(type, DW_AT_name);
        append(buffer, size, name ? name : "");
        return;
    }
    BASE_CLEANUP(free)
    char *name = scope_qualified_name(type);
    if (name)
        append(buffer, size, name);
    else if (type_is_structure(type) || tag == DW_TAG_enumeration_type)
        append(buffer, size,
               tag == DW_TAG_union_type         ? "union {...}"
               : tag == DW_TAG_enumeration_type ? "enum {...}"
                                                : "struct {...}");
}

void type_name(const struct dw_die *type, char *buffer, size_t size) {
    buffer[0] = '\0';
    name_of(type, buffer, size, 0);
}

bool type_argument(const struct dw_die *type, unsigned n, struct dw_die *ret) {
    struct dw_die child, inner;
    if (!dw_die_child(type, &child))
        return false;
    do {
        unsigned tag = dw_die_tag(&child);
        if (tag == DW_TAG_template_type_parameter) {
            if (n-- == 0)
                return type_of(&child, ret);
        } else if (tag == DW_TAG_GNU_template_parameter_pack && dw_die_child(&child, &inner)) {
            do
                if (n-- == 0)
                    return type_of(&inner, ret);
            while (dw_die_next_sibling(&inner));
        }
    } while (dw_die_next_sibling(&child));
    return false;
}

/* Where it begins, in bits. */
static bool member_bit(const struct activation *activation, const struct dw_die *die,
                       const uint64_t *address, uint64_t *ret) {
    struct dw_value value;
    uint64_t number = 0;
    *ret = 0;
    if (dw_die_attribute(die, DW_AT_data_member_location, &value)) {
        struct expression expression = {.unit = value.unit};
        if (dw_value_block(&value, &expression.bytes, &expression.size)) {
            uint64_t start = address ? *address : 0, end;
            if (expression_number(activation, &expression, &start, &end) != OUTCOME_OK)
                return false;
            number = end - start;
        } else if (!dw_value_unsigned(&value, &number)) {
            return false;
        }
    }
    *ret = number * 8;
    if (dw_die_unsigned(die, DW_AT_data_bit_offset, &number))
        *ret += number;
    return true;
}

/* Before DWARF 4 bits were counted from the other end of a storage unit. */
static void old_bit_field(const struct activation *activation, struct member *member) {
    uint64_t offset, size;
    if (!dw_die_unsigned(&member->die, DW_AT_bit_offset, &offset))
        return;
    if (!dw_die_unsigned(&member->die, DW_AT_byte_size, &size))
        size = type_size(activation, &member->type);
    if (size <= 16 && offset + member->bits <= size * 8)
        member->bit += size * 8 - offset - member->bits;
}

bool type_next_member(const struct activation *activation, struct dw_die *die,
                      const uint64_t *address, struct member *ret) {
    uint64_t virtuality;
    bool more = true;
    while (more && activation_spend(activation, 1)) {
        struct dw_die at = *die;
        unsigned tag = dw_die_tag(&at);
        more = dw_die_next_sibling(die);
        if (!more)
            die->abbrev = NULL;
        bool variable = tag == DW_TAG_variable;
        if (tag != DW_TAG_member && tag != DW_TAG_inheritance && !variable)
            continue;
        *ret = (struct member){.die = at, .name = dw_die_string(&at, DW_AT_name)};
        ret->is_base = tag == DW_TAG_inheritance;
        ret->is_virtual = ret->is_base && dw_die_unsigned(&at, DW_AT_virtuality, &virtuality) &&
                          virtuality != DW_VIRTUALITY_none;
        ret->is_static =
            variable || dw_die_flag(&at, DW_AT_external) || dw_die_flag(&at, DW_AT_declaration);
        if (!type_of(&at, &ret->type))
            continue;
        if (ret->is_static)
            return true;
        dw_die_unsigned(&at, DW_AT_bit_size, &ret->bits);
        if (ret->bits > 128 || !member_bit(activation, &at, address, &ret->bit))
            continue;
        if (ret->bits)
            old_bit_field(activation, ret);
        return true;
    }
    return false;
}

static bool find_member(const struct activation *activation, const struct dw_die *type,
                        const char *name, unsigned depth, struct member *ret) {
    struct dw_die stripped, child;
    if (depth > NESTING_LIMIT || !type_strip(type, &stripped) || !dw_die_child(&stripped, &child))
        return false;
    struct member member;
    while (child.abbrev && type_next_member(activation, &child, NULL, &member)) {
        if (member.name && strcmp(member.name, name) == 0 && !member.is_static) {
            *ret = member;
            return true;
        }
        if ((member.is_base || !member.name) && !member.is_static &&
            find_member(activation, &member.type, name, depth + 1, ret)) {
            ret->bit += member.bit;
            return true;
        }
    }
    return false;
}

bool type_member(const struct activation *activation, const struct dw_die *type, const char *name,
                 struct member *ret) {
    return find_member(activation, type, name, 0, ret);
}
