/* SPDX-License-Identifier: MIT */
/* Where a variable is at an address (DWARF 5, 2.6): an expression, or a list of them in .debug_loc
 * or .debug_loclists. */
#ifndef SYMBOLIZER_DWARF_LOCATIONS_H
#define SYMBOLIZER_DWARF_LOCATIONS_H

#include "symbolizer/dwarf/die.h"

/* The expression that holds at address (p_vaddr); false if there is none. It may be empty, which
 * means that the object is not there. */
bool dw_location_at(const struct dw_value *value, uint64_t address, const uint8_t **expression,
                    size_t *size);

#endif
