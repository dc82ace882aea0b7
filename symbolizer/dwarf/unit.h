/* SPDX-License-Identifier: MIT */
/* Units: their headers, what their root entries say for all others, and where to find them. */
#ifndef SYMBOLIZER_DWARF_UNIT_H
#define SYMBOLIZER_DWARF_UNIT_H

#include "symbolizer/dwarf/info.h"

/* Reads the headers of all units. 0 or -ENOMEM. */
int dw_units_read(struct dw_info *info);

/* NULL if no unit holds the offset of .debug_info. */
struct dw_unit *dw_info_unit_at(struct dw_info *info, uint64_t offset);
/* The type unit of a signature, as unit refers to it. */
struct dw_unit *dw_info_type_unit(struct dw_unit *unit, uint64_t signature);

/* What the root entry says for the whole unit; false if that cannot be read. */
bool dw_unit_read_root(struct dw_unit *unit);
/* The same and what reading of entries needs; dw_die_at calls it. */
bool dw_unit_load(struct dw_unit *unit);
struct dw_slice dw_unit_section(struct dw_unit *unit, enum dw_section_id id);
/* The section that the unit itself stands in. */
struct dw_slice dw_unit_entries(struct dw_unit *unit);
/* Where the entries are: of a skeleton unit the split one, else the unit itself. NULL if the file
 * with it is not to be had. */
struct dw_unit *dw_unit_body(struct dw_unit *unit);

const char *dw_unit_comp_dir(struct dw_unit *unit);
/* DW_LANG_..., 0 if unknown. */
unsigned dw_unit_language(struct dw_unit *unit);

#endif
