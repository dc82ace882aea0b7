/* SPDX-License-Identifier: MIT */
/*
 * DWARF expressions (DWARF 5, 2.5 and 2.6) over a frame. Untrusted: what they may cost is bounded,
 * and what is broken or not known here gives OUTCOME_NOT_CAPTURED.
 */
#ifndef SYMBOLIZER_EXPRESSION_H
#define SYMBOLIZER_EXPRESSION_H

#include "symbolizer/activation.h"
#include "symbolizer/place.h"

struct expression {
    const uint8_t *bytes;
    size_t size;
    struct dw_unit *unit; /* that it stands in */
};

/* Where an object is. start: what the stack begins with; NULL for nothing. */
enum outcome expression_place(const struct activation *activation,
                              const struct expression *expression, const uint64_t *start,
                              struct place *ret);
/* A number: an address, a bound, what was passed to a function. */
enum outcome expression_number(const struct activation *activation,
                               const struct expression *expression, const uint64_t *start,
                               uint64_t *ret);

/* The place that an attribute such as DW_AT_location tells; an expression or a list of them. */
enum outcome expression_attribute(const struct activation *activation, const struct dw_die *die,
                                  unsigned name, struct place *ret);

#endif
