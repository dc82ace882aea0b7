/* SPDX-License-Identifier: MIT */
#include "symbolizer/dwarf/lineprogram.h"

#include <dwarf.h>

#include "symbolizer/dwarf/bytes.h"

static struct dw_row first_row(const struct line_header *header) {
    return (struct dw_row){.file = 1, .line = 1, .statement = header->default_statement};
}

struct line_state line_state_start(const struct line_header *header) {
    return (struct line_state){header->program, first_row(header)};
}

static uint64_t advance(const struct line_header *header, uint64_t operations) {
    return operations * header->minimum_instruction;
}

/* True at the end of a sequence. */
static bool extended(const struct line_header *header, struct bytes *bytes, struct dw_row *row) {
    uint64_t length = bytes_uleb(bytes);
    const uint8_t *block = bytes_block(bytes, length);
    if (!block || length == 0)
        return false;
    struct bytes operands = {block + 1, block + length, false};
    switch (*block) {
    case DW_LNE_end_sequence:
        row->end = true;
        return true;
    case DW_LNE_set_address:
        if (length - 1 <= 8)
            row->address = bytes_unsigned(&operands, (size_t)length - 1);
        return false;
    case DW_LNE_set_discriminator:
        row->discriminator = (uint32_t)bytes_uleb(&operands);
        return false;
    default:
        return false;
    }
}

static bool standard(const struct line_header *header, uint8_t opcode, struct bytes *bytes,
                     struct dw_row *row) {
    switch (opcode) {
    case DW_LNS_copy:
        return true;
    case DW_LNS_advance_pc:
        row->address += advance(header, bytes_uleb(bytes));
        return false;
    case DW_LNS_advance_line:
        row->line += (uint32_t)bytes_sleb(bytes);
        return false;
    case DW_LNS_set_file:
        row->file = (uint32_t)bytes_uleb(bytes);
        return false;
    case DW_LNS_set_column:
        row->column = (uint32_t)bytes_uleb(bytes);
        return false;
    case DW_LNS_negate_stmt:
        row->statement = !row->statement;
        return false;
    case DW_LNS_const_add_pc:
        row->address += advance(header, (255u - header->opcode_base) / header->line_range);
        return false;
    case DW_LNS_fixed_advance_pc:
        row->address += bytes_u16(bytes);
        return false;
    default:
        for (uint8_t i = 0; i < header->operands[opcode - 1]; i++)
            bytes_uleb(bytes);
        return false;
    }
}

bool line_program_row(const struct line_header *header, struct line_state *state,
                      struct dw_row *ret) {
    struct bytes bytes = {state->at, header->end, false};
    struct dw_row *row = &state->row;
    while (bytes_left(&bytes) > 0) {
        uint8_t opcode = bytes_u8(&bytes);
        bool emitted;
        if (opcode >= header->opcode_base) {
            unsigned adjusted = (unsigned)opcode - header->opcode_base;
            row->address += advance(header, adjusted / header->line_range);
            row->line += (uint32_t)(header->line_base + (int)(adjusted % header->line_range));
            emitted = true;
        } else if (opcode == 0) {
            emitted = extended(header, &bytes, row);
        } else {
            emitted = standard(header, opcode, &bytes, row);
        }
        if (bytes.bad)
            break;
        if (!emitted)
            continue;
        *ret = *row;
        state->at = bytes.at;
        row->discriminator = 0;
        if (row->end)
            *row = first_row(header);
        return true;
    }
    state->at = header->end;
    return false;
}
