/* SPDX-License-Identifier: MIT */
/* What an attribute's value means (DWARF 5, 7.5.5: classes of forms). */
#ifndef SYMBOLIZER_DWARF_VALUE_H
#define SYMBOLIZER_DWARF_VALUE_H

#include "symbolizer/dwarf/bytes.h"
#include "symbolizer/dwarf/die.h"

/* Reads a value and goes behind it. False where the bytes end or the form is not known. */
bool dw_value_read(struct bytes *bytes, struct dw_unit *unit, const struct dw_attribute_spec *spec,
                   struct dw_value *ret);

/* NULL unless it is a string that ends inside of its section. */
const char *dw_value_string(const struct dw_value *value);
bool dw_value_unsigned(const struct dw_value *value, uint64_t *ret);
/* The same bits, widened by sign where the form tells the width. */
bool dw_value_signed(const struct dw_value *value, int64_t *ret);
bool dw_value_address(const struct dw_value *value, uint64_t *ret);
/* Entry index of .debug_addr as the unit counts them. */
bool dw_unit_address(struct dw_unit *unit, uint64_t index, uint64_t *ret);
/* Offset in a section of lists of the list with that number: the table of offsets stands at base
 * and counts from there. */
bool dw_unit_list(struct dw_unit *unit, enum dw_section_id section, uint64_t base, uint64_t number,
                  uint64_t *ret);
bool dw_value_reference(const struct dw_value *value, struct dw_die *ret);
/* A block or an expression. */
bool dw_value_block(const struct dw_value *value, const uint8_t **ret, size_t *size);
/* Offset into a section of lists or lines. */
bool dw_value_is_offset(const struct dw_value *value);

#endif
