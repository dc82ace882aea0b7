/* SPDX-License-Identifier: MIT */
#include "symbolizer/machine.h"

#include <dwarf.h>
#include <string.h>

void machine_push_typed(struct machine *machine, struct operand operand) {
    if (machine->n == MACHINE_STACK)
        machine->broken = true;
    else
        machine->stack[machine->n++] = operand;
}

void machine_push(struct machine *machine, uint64_t value) {
    machine_push_typed(machine, (struct operand){.bits = value, .size = sizeof(value)});
}

struct operand machine_pop(struct machine *machine) {
    if (machine->n == 0) {
        machine->broken = true;
        return (struct operand){.size = sizeof(uint64_t)};
    }
    return machine->stack[--machine->n];
}

void machine_lose(struct machine *machine, enum outcome why) {
    if (machine->lost == OUTCOME_OK)
        machine->lost = why;
}

static void move(struct machine *machine, struct bytes *bytes, const struct expression *expression,
                 int16_t distance) {
    ptrdiff_t at = bytes->at - expression->bytes + distance;
    if (at < 0 || (size_t)at > expression->size)
        machine->broken = true;
    else
        bytes->at = expression->bytes + at;
}

static void pick(struct machine *machine, size_t index) {
    if (index >= machine->n)
        machine->broken = true;
    else
        machine_push_typed(machine, machine->stack[machine->n - 1 - index]);
}

static void rotate(struct machine *machine, size_t n) {
    if (machine->n < n) {
        machine->broken = true;
        return;
    }
    struct operand *last = &machine->stack[machine->n - n], top = last[n - 1];
    memmove(last + 1, last, (n - 1) * sizeof(*last));
    *last = top;
}

/* Operations that make a value out of the one or two on top. */
static bool calculate(struct machine *machine, unsigned operation) {
    struct operand result;
    if (operand_is_unary(operation)) {
        if (!operand_unary(operation, machine_pop(machine), &result))
            machine_lose(machine, OUTCOME_NOT_CAPTURED);
        machine_push_typed(machine, result);
        return true;
    }
    if (!operand_is_binary(operation))
        return false;
    struct operand second = machine_pop(machine), first = machine_pop(machine);
    if (!operand_binary(operation, first, second, &result))
        machine_lose(machine, OUTCOME_NOT_CAPTURED);
    machine_push_typed(machine, result);
    return true;
}

bool machine_operate(struct machine *machine, struct bytes *bytes,
                     const struct expression *expression, unsigned operation) {
    switch (operation) {
    case DW_OP_const1u:
        machine_push(machine, bytes_u8(bytes));
        return true;
    case DW_OP_const1s:
        machine_push(machine, (uint64_t)(int8_t)bytes_u8(bytes));
        return true;
    case DW_OP_const2u:
        machine_push(machine, bytes_u16(bytes));
        return true;
    case DW_OP_const2s:
        machine_push(machine, (uint64_t)(int16_t)bytes_u16(bytes));
        return true;
    case DW_OP_const4u:
        machine_push(machine, bytes_u32(bytes));
        return true;
    case DW_OP_const4s:
        machine_push(machine, (uint64_t)(int32_t)bytes_u32(bytes));
        return true;
    case DW_OP_const8u:
    case DW_OP_const8s:
        machine_push(machine, bytes_u64(bytes));
        return true;
    case DW_OP_constu:
        machine_push(machine, bytes_uleb(bytes));
        return true;
    case DW_OP_consts:
        machine_push(machine, (uint64_t)bytes_sleb(bytes));
        return true;
    case DW_OP_plus_uconst:
        machine_push(machine, machine_pop(machine).bits + bytes_uleb(bytes));
        return true;
    case DW_OP_dup:
        pick(machine, 0);
        return true;
    case DW_OP_over:
        pick(machine, 1);
        return true;
    case DW_OP_pick:
        pick(machine, bytes_u8(bytes));
        return true;
    case DW_OP_drop:
        machine_pop(machine);
        return true;
    case DW_OP_swap:
        rotate(machine, 2);
        return true;
    case DW_OP_rot:
        rotate(machine, 3);
        return true;
    case DW_OP_skip:
        move(machine, bytes, expression, (int16_t)bytes_u16(bytes));
        return true;
    case DW_OP_bra: {
        int16_t distance = (int16_t)bytes_u16(bytes);
        if (machine_pop(machine).bits != 0)
            move(machine, bytes, expression, distance);
        return true;
    }
    case DW_OP_nop:
    case DW_OP_GNU_uninit:
        return true;
    default:
        return calculate(machine, operation);
    }
}
