/* SPDX-License-Identifier: MIT */
/* Ranges of addresses that an entry covers (DWARF 5, 2.17): DW_AT_low_pc and DW_AT_high_pc,
 * .debug_ranges, .debug_rnglists. */
#ifndef SYMBOLIZER_DWARF_RANGES_H
#define SYMBOLIZER_DWARF_RANGES_H

#include "symbolizer/dwarf/bytes.h"
#include "symbolizer/dwarf/die.h"

struct dw_ranges {
    struct dw_unit *unit;
    enum { DW_RANGES_NONE, DW_RANGES_ONE, DW_RANGES_OLD, DW_RANGES_LIST } kind;
    uint64_t low, high, base;
    struct bytes bytes;
};

void dw_die_ranges(const struct dw_die *die, struct dw_ranges *ret);
/* Of the whole unit, without reading more than its root. */
void dw_unit_ranges(struct dw_unit *unit, struct dw_ranges *ret);
/* The next one that is not empty; false behind the last one. */
bool dw_ranges_next(struct dw_ranges *ranges, uint64_t *low, uint64_t *high);
/* Bytes of the range that holds the address, 0 if none does. */
uint64_t dw_die_covers(const struct dw_die *die, uint64_t address);
/* DW_AT_entry_pc, else DW_AT_low_pc, else the start of the first range. */
bool dw_die_entry(const struct dw_die *die, uint64_t *ret);

#endif
