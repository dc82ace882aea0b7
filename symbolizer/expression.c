/* SPDX-License-Identifier: MIT */
#include "symbolizer/expression.h"

#include <string.h>

#include "symbolizer/callsite.h"
#include "symbolizer/dwarf/locations.h"
#include "symbolizer/dwarf/ranges.h"
#include "symbolizer/dwarf/value.h"
#include "symbolizer/machine.h"

enum { DEPTH_LIMIT = 8, STEPS_LIMIT = 4096 };

static enum outcome run(struct machine *machine, const struct expression *expression,
                        unsigned depth);

static uint64_t register_of(struct machine *machine, uint64_t number) {
    uint64_t value = 0;
    if (!activation_register(machine->activation, (unsigned)(number > 255 ? 255 : number), &value))
        machine_lose(machine, OUTCOME_NOT_CAPTURED);
    return value;
}

static void dereference(struct machine *machine, uint64_t size, struct operand type) {
    uint64_t address = machine_pop(machine).bits, value = 0;
    if (size == 0 || size > sizeof(value)) {
        machine->broken = true;
        return;
    }
    if (machine->lost == OUTCOME_OK &&
        activation_memory(machine->activation, address, &value, size) != size)
        machine_lose(machine, OUTCOME_NOT_CAPTURED);
    type.bits = value;
    machine_push_typed(machine, type);
}

/* The base type at an offset of the unit; 0 is the type of addresses. */
static bool base_type(const struct dw_unit *unit, uint64_t offset, struct operand *ret) {
    struct dw_die die;
    uint64_t size, encoding;
    *ret = (struct operand){.size = sizeof(uint64_t)};
    if (offset == 0)
        return true;
    if (!dw_die_at((struct dw_unit *)unit, unit->offset + offset, &die) ||
        dw_die_tag(&die) != DW_TAG_base_type || !dw_die_unsigned(&die, DW_AT_byte_size, &size) ||
        !dw_die_unsigned(&die, DW_AT_encoding, &encoding) || size == 0 || size > sizeof(uint64_t))
        return false;
    ret->size = (uint8_t)size;
    ret->encoding = (uint8_t)encoding;
    return true;
}

static void frame_base(struct machine *machine, int64_t offset, unsigned depth) {
    const struct activation *activation = machine->activation;
    struct dw_value value;
    struct expression expression = {.unit = activation->function.unit};
    struct place place = {0};
    struct machine nested = {.activation = activation, .steps = machine->steps, .place = &place};
    uint64_t base = 0;
    if (depth >= DEPTH_LIMIT ||
        !dw_die_inherited(&activation->function, DW_AT_frame_base, &value) ||
        !dw_location_at(&value, activation->address, &expression.bytes, &expression.size)) {
        machine_lose(machine, OUTCOME_OPTIMIZED_OUT);
        machine_push(machine, 0);
        return;
    }
    expression.unit = value.unit;
    enum outcome outcome = run(&nested, &expression, depth + 1);
    machine->steps = nested.steps;
    if (outcome == OUTCOME_OK && place.n == 1 && place.pieces[0].kind == PIECE_REGISTER)
        base = register_of(machine, place.pieces[0].number);
    else if (outcome == OUTCOME_OK && place.n == 1 &&
             (place.pieces[0].kind == PIECE_MEMORY || place.pieces[0].kind == PIECE_VALUE))
        base = place.pieces[0].number;
    else
        machine_lose(machine, outcome == OUTCOME_OK ? OUTCOME_NOT_CAPTURED : outcome);
    machine_push(machine, base + (uint64_t)offset);
}

/* What was in a register has the type that the register is said to have. */
static struct operand entry_type(const struct expression *entry) {
    struct bytes bytes = bytes_of(entry->bytes, entry->size, 0);
    struct operand type = {.size = sizeof(uint64_t)};
    unsigned operation = bytes_u8(&bytes);
    if (operation == DW_OP_regval_type || operation == DW_OP_GNU_regval_type) {
        bytes_uleb(&bytes);
        base_type(entry->unit, bytes_uleb(&bytes), &type);
    }
    return type;
}

static void entry_value(struct machine *machine, const struct expression *entry) {
    uint64_t value = 0;
    struct operand operand = entry_type(entry);
    enum outcome outcome = callsite_entry_value(machine->activation, entry, &value);
    if (outcome != OUTCOME_OK)
        machine_lose(machine, outcome);
    operand.bits = operand_cut(value, operand.size);
    machine_push_typed(machine, operand);
}

static void call(struct machine *machine, struct dw_unit *unit, uint64_t offset, unsigned form,
                 unsigned depth) {
    struct dw_value reference = {.unit = unit, .form = form, .number = offset}, value;
    struct dw_die die;
    struct expression expression;
    if (depth >= DEPTH_LIMIT || !dw_value_reference(&reference, &die)) {
        machine->broken = true;
        return;
    }
    if (!dw_die_attribute(&die, DW_AT_location, &value) ||
        !dw_location_at(&value, machine->activation->address, &expression.bytes, &expression.size))
        return;
    expression.unit = value.unit;
    struct place *place = machine->place;
    machine->place = NULL;
    if (run(machine, &expression, depth + 1) != OUTCOME_OK)
        machine->broken = true;
    machine->place = place;
}

/* What has been said since the last piece is one of n bits. */
static void end_piece(struct machine *machine, uint64_t bits, uint64_t skip) {
    struct place *place = machine->place;
    struct piece piece = machine->piece;
    if (!place || place->n == PLACE_PIECES || bits == 0) {
        machine->broken = true;
        return;
    }
    if (machine->empty)
        piece.kind = PIECE_NOWHERE;
    else if (machine->lost != OUTCOME_OK)
        piece.kind = machine->lost == OUTCOME_OPTIMIZED_OUT ? PIECE_NOWHERE : PIECE_UNKNOWN;
    else if (piece.kind == PIECE_MEMORY || piece.kind == PIECE_VALUE)
        piece.number = machine_pop(machine).bits;
    piece.bits = bits;
    piece.skip = skip;
    place->pieces[place->n++] = piece;
    machine->piece = (struct piece){.kind = PIECE_MEMORY};
    machine->lost = OUTCOME_OK;
    machine->empty = true;
}

static void implicit_pointer(struct machine *machine, struct bytes *bytes, struct dw_unit *unit) {
    size_t size = unit->version == 2 ? unit->address_size : unit->offset_size;
    struct dw_value reference = {
        .unit = unit, .form = DW_FORM_ref_addr, .number = bytes_unsigned(bytes, size)};
    machine->piece.kind = PIECE_POINTER;
    machine->piece.number = (uint64_t)bytes_sleb(bytes);
    if (!dw_value_reference(&reference, &machine->piece.target))
        machine_lose(machine, OUTCOME_OPTIMIZED_OUT);
}

static void thread_local(struct machine *machine) {
    uint64_t address = 0;
    if (!activation_thread_local(machine->activation, machine_pop(machine).bits, &address))
        machine_lose(machine, OUTCOME_NOT_CAPTURED);
    machine_push(machine, address);
}

static void typed(struct machine *machine, uint64_t offset, const struct dw_unit *unit,
                  struct operand *ret) {
    if (!base_type(unit, offset, ret))
        machine_lose(machine, OUTCOME_NOT_CAPTURED);
}

static void convert(struct machine *machine, uint64_t offset, const struct dw_unit *unit,
                    bool keep_bits) {
    struct operand type, from = machine_pop(machine);
    typed(machine, offset, unit, &type);
    machine_push_typed(machine,
                       keep_bits ? operand_reinterpret(from, type) : operand_convert(from, type));
}

static void constant(struct machine *machine, struct bytes *bytes, const struct dw_unit *unit) {
    struct operand type;
    typed(machine, bytes_uleb(bytes), unit, &type);
    uint8_t size = bytes_u8(bytes);
    const uint8_t *block = bytes_block(bytes, size);
    if (block && size <= sizeof(type.bits))
        memcpy(&type.bits, block, size);
    machine_push_typed(machine, type);
}

static void address_at(struct machine *machine, struct dw_unit *unit, uint64_t index,
                       uint64_t bias) {
    uint64_t address = 0;
    if (!dw_unit_address(unit, index, &address))
        machine_lose(machine, OUTCOME_NOT_CAPTURED);
    machine_push(machine, address + bias);
}

static void at_entry(struct machine *machine, struct bytes *bytes, struct dw_unit *unit) {
    struct expression entry = {.unit = unit, .size = (size_t)bytes_uleb(bytes)};
    entry.bytes = bytes_block(bytes, entry.size);
    if (entry.bytes)
        entry_value(machine, &entry);
}

/* Operations with operands of their own; false for an unknown one. */
static bool special(struct machine *machine, struct bytes *bytes,
                    const struct expression *expression, unsigned operation, unsigned depth) {
    struct dw_unit *unit = expression->unit;
    const struct activation *activation = machine->activation;
    struct operand type;
    uint64_t number;
    switch (operation) {
    case DW_OP_addr:
        machine_push(machine, bytes_unsigned(bytes, unit->address_size) + activation->bias);
        return true;
    case DW_OP_addrx:
    case DW_OP_GNU_addr_index:
        address_at(machine, unit, bytes_uleb(bytes), activation->bias);
        return true;
    case DW_OP_constx:
    case DW_OP_GNU_const_index:
        address_at(machine, unit, bytes_uleb(bytes), 0);
        return true;
    case DW_OP_const_type:
    case DW_OP_GNU_const_type:
        constant(machine, bytes, unit);
        return true;
    case DW_OP_regval_type:
    case DW_OP_GNU_regval_type:
        number = bytes_uleb(bytes);
        typed(machine, bytes_uleb(bytes), unit, &type);
        type.bits = operand_cut(register_of(machine, number), type.size);
        machine_push_typed(machine, type);
        return true;
    case DW_OP_deref_type:
    case DW_OP_GNU_deref_type:
        number = bytes_u8(bytes);
        typed(machine, bytes_uleb(bytes), unit, &type);
        dereference(machine, number, type);
        return true;
    case DW_OP_deref:
        dereference(machine, unit->address_size, (struct operand){.size = sizeof(uint64_t)});
        return true;
    case DW_OP_deref_size:
        dereference(machine, bytes_u8(bytes), (struct operand){.size = sizeof(uint64_t)});
        return true;
    case DW_OP_convert:
    case DW_OP_GNU_convert:
        convert(machine, bytes_uleb(bytes), unit, false);
        return true;
    case DW_OP_reinterpret:
    case DW_OP_GNU_reinterpret:
        convert(machine, bytes_uleb(bytes), unit, true);
        return true;
    case DW_OP_regx:
        machine->piece.kind = PIECE_REGISTER;
        machine->piece.number = bytes_uleb(bytes);
        return true;
    case DW_OP_bregx:
        number = register_of(machine, bytes_uleb(bytes));
        machine_push(machine, number + (uint64_t)bytes_sleb(bytes));
        return true;
    case DW_OP_fbreg:
        frame_base(machine, bytes_sleb(bytes), depth);
        return true;
    case DW_OP_call_frame_cfa:
        if (activation->cfa == 0)
            machine_lose(machine, OUTCOME_NOT_CAPTURED);
        machine_push(machine, activation->cfa);
        return true;
    case DW_OP_push_object_address:
        if (!machine->start)
            machine_lose(machine, OUTCOME_NOT_CAPTURED);
        machine_push(machine, machine->start ? *machine->start : 0);
        return true;
    case DW_OP_form_tls_address:
    case DW_OP_GNU_push_tls_address:
        thread_local(machine);
        return true;
    case DW_OP_entry_value:
    case DW_OP_GNU_entry_value:
        at_entry(machine, bytes, unit);
        return true;
    case DW_OP_call2:
        call(machine, unit, bytes_u16(bytes), DW_FORM_ref4, depth);
        return true;
    case DW_OP_call4:
        call(machine, unit, bytes_u32(bytes), DW_FORM_ref4, depth);
        return true;
    case DW_OP_call_ref:
        call(machine, unit, bytes_unsigned(bytes, unit->offset_size), DW_FORM_ref_addr, depth);
        return true;
    case DW_OP_implicit_value:
        machine->piece.kind = PIECE_BYTES;
        machine->piece.size = (size_t)bytes_uleb(bytes);
        machine->piece.bytes = bytes_block(bytes, machine->piece.size);
        return true;
    case DW_OP_implicit_pointer:
    case DW_OP_GNU_implicit_pointer:
        implicit_pointer(machine, bytes, unit);
        return true;
    case DW_OP_stack_value:
        machine->piece.kind = PIECE_VALUE;
        return true;
    case DW_OP_piece:
        end_piece(machine, bytes_uleb(bytes) * 8, 0);
        return true;
    case DW_OP_bit_piece:
        number = bytes_uleb(bytes);
        end_piece(machine, number, bytes_uleb(bytes));
        return true;
    default:
        return false;
    }
}

static void step(struct machine *machine, struct bytes *bytes, const struct expression *expression,
                 unsigned depth) {
    unsigned operation = bytes_u8(bytes);
    if (operation != DW_OP_piece && operation != DW_OP_bit_piece && operation != DW_OP_nop)
        machine->empty = false;
    if (operation >= DW_OP_lit0 && operation <= DW_OP_lit31) {
        machine_push(machine, operation - DW_OP_lit0);
    } else if (operation >= DW_OP_reg0 && operation <= DW_OP_reg31) {
        machine->piece.kind = PIECE_REGISTER;
        machine->piece.number = operation - DW_OP_reg0;
    } else if (operation >= DW_OP_breg0 && operation <= DW_OP_breg31) {
        uint64_t value = register_of(machine, operation - DW_OP_breg0);
        machine_push(machine, value + (uint64_t)bytes_sleb(bytes));
    } else if (!machine_operate(machine, bytes, expression, operation) &&
               !special(machine, bytes, expression, operation, depth)) {
        machine->broken = true;
    }
}

static enum outcome run(struct machine *machine, const struct expression *expression,
                        unsigned depth) {
    struct bytes bytes = bytes_of(expression->bytes, expression->size, 0);
    if (depth == 0 || machine->place) {
        machine->empty = true;
        if (machine->place)
            machine->place->n = 0;
        machine->piece = (struct piece){.kind = PIECE_MEMORY};
    }
    while (!machine->broken && !bytes.bad && bytes.at < bytes.end) {
        if (++machine->steps > STEPS_LIMIT || !activation_spend(machine->activation, 1))
            return OUTCOME_NOT_CAPTURED;
        step(machine, &bytes, expression, depth);
    }
    if (machine->broken || bytes.bad)
        return OUTCOME_NOT_CAPTURED;
    if (!machine->place || machine->place->n > 0)
        return OUTCOME_OK;
    if (machine->empty)
        return OUTCOME_OPTIMIZED_OUT;
    if (machine->lost != OUTCOME_OK)
        return machine->lost;
    end_piece(machine, UINT64_MAX, 0);
    return machine->broken ? OUTCOME_NOT_CAPTURED : OUTCOME_OK;
}

enum outcome expression_place(const struct activation *activation,
                              const struct expression *expression, const uint64_t *start,
                              struct place *ret) {
    struct machine machine = {.activation = activation, .start = start, .place = ret};
    if (expression->size == 0)
        return OUTCOME_OPTIMIZED_OUT;
    if (start)
        machine_push(&machine, *start);
    return run(&machine, expression, 0);
}

enum outcome expression_number(const struct activation *activation,
                               const struct expression *expression, const uint64_t *start,
                               uint64_t *ret) {
    struct place place;
    enum outcome outcome = expression_place(activation, expression, start, &place);
    if (outcome != OUTCOME_OK)
        return outcome;
    const struct piece *piece = &place.pieces[0];
    if (place.n != 1)
        return OUTCOME_NOT_CAPTURED;
    if (piece->kind == PIECE_MEMORY || piece->kind == PIECE_VALUE) {
        *ret = piece->number;
        return OUTCOME_OK;
    }
    *ret = 0;
    size_t size =
        piece->kind == PIECE_BYTES && piece->size < sizeof(*ret) ? piece->size : sizeof(*ret);
    return place_read(activation, &place, 0, size * 8, (uint8_t *)ret);
}

/* A compiler that has seen what a function does may leave a value over its call where the calling
 * convention lets the function change it; then its list of locations says that it is there behind
 * the call, too. A single location says nothing of what is behind its scope. */
static bool holds_after_call(const struct activation *activation, const struct dw_value *value,
                             const struct expression *expression) {
    struct expression after = {0};
    return !dw_value_block(value, &after.bytes, &after.size) &&
           activation->pc == activation->address + 1 + activation->bias &&
           dw_die_covers(&activation->function, activation->address + 1) &&
           dw_location_at(value, activation->address + 1, &after.bytes, &after.size) &&
           after.bytes == expression->bytes && after.size == expression->size;
}

enum outcome expression_attribute(const struct activation *activation, const struct dw_die *die,
                                  unsigned name, struct place *ret) {
    struct dw_value value;
    struct expression expression;
    if (!dw_die_inherited(die, name, &value) ||
        !dw_location_at(&value, activation->address, &expression.bytes, &expression.size))
        return OUTCOME_OPTIMIZED_OUT;
    expression.unit = value.unit;
    if (!holds_after_call(activation, &value, &expression))
        return expression_place(activation, &expression, NULL, ret);
    struct activation unspoiled = *activation;
    unspoiled.unspoiled = true;
    enum outcome outcome = expression_place(&unspoiled, &expression, NULL, ret);
    for (size_t i = 0; outcome == OUTCOME_OK && i < ret->n; i++) {
        struct piece *piece = &ret->pieces[i];
        if (piece->kind == PIECE_REGISTER && piece->number < ARCH_REGISTERS &&
            activation_register(&unspoiled, (unsigned)piece->number, &piece->number))
            piece->kind = PIECE_VALUE;
    }
    return outcome;
}
