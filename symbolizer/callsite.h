/* SPDX-License-Identifier: MIT */
/* What a caller passed to the function that it called (DWARF 5, 3.4). */
#ifndef SYMBOLIZER_CALLSITE_H
#define SYMBOLIZER_CALLSITE_H

#include "symbolizer/expression.h"

/* The value that what entry describes (a register, or memory at an address made from one) had when
 * the function was entered. */
enum outcome callsite_entry_value(const struct activation *activation,
                                  const struct expression *entry, uint64_t *ret);

#endif
