/* SPDX-License-Identifier: MIT */
/* The line number program (DWARF 5, 6.2.5). */
#ifndef SYMBOLIZER_DWARF_LINEPROGRAM_H
#define SYMBOLIZER_DWARF_LINEPROGRAM_H

#include "symbolizer/dwarf/lineheader.h"
#include "symbolizer/dwarf/lines.h"

struct line_state {
    const uint8_t *at; /* next opcode */
    struct dw_row row;
};

struct line_state line_state_start(const struct line_header *header);
/* Runs to the next row; false at the end. */
bool line_program_row(const struct line_header *header, struct line_state *state,
                      struct dw_row *ret);

#endif
