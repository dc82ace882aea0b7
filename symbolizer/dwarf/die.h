/* SPDX-License-Identifier: MIT */
/*
 * Debugging information entries and their attributes. An entry is a place in the section: cheap to
 * copy, nothing to free, valid as long as its dw_info. Functions that find nothing, or something
 * broken, return false or NULL and leave their result untouched.
 */
#ifndef SYMBOLIZER_DWARF_DIE_H
#define SYMBOLIZER_DWARF_DIE_H

#include <dwarf.h>

#include "symbolizer/dwarf/unit.h"

struct dw_die {
    struct dw_unit *unit;
    const struct dw_abbrev *abbrev;
    const uint8_t *attributes; /* bytes of the first one */
    uint64_t offset;           /* in the unit's section */
};

struct dw_value {
    struct dw_unit *unit;
    unsigned form;        /* never DW_FORM_indirect */
    uint64_t number;      /* constants, offsets, indexes, addresses as they stand there */
    const uint8_t *block; /* blocks, expressions, inline strings, DW_FORM_data16 */
    size_t size;          /* of block */
};

static inline unsigned dw_die_tag(const struct dw_die *die) {
    return die->abbrev->tag;
}

bool dw_unit_root(struct dw_unit *unit, struct dw_die *ret);
/* offset: in the unit's section. */
bool dw_die_at(struct dw_unit *unit, uint64_t offset, struct dw_die *ret);
bool dw_die_child(const struct dw_die *die, struct dw_die *ret);
/* Goes to the next sibling; false behind the last one. */
bool dw_die_next_sibling(struct dw_die *die);

/* The attribute of this very entry. */
bool dw_die_attribute(const struct dw_die *die, unsigned name, struct dw_value *ret);
/* The attribute of this entry, or of what it is a concrete instance or a completion of
 * (DW_AT_abstract_origin, DW_AT_specification, DW_AT_signature). */
bool dw_die_inherited(const struct dw_die *die, unsigned name, struct dw_value *ret);

/* Shorthands over dw_die_attribute, inherited where the name says so. */
bool dw_die_unsigned(const struct dw_die *die, unsigned name, uint64_t *ret);
bool dw_die_flag(const struct dw_die *die, unsigned name);
const char *dw_die_string(const struct dw_die *die, unsigned name);
const char *dw_die_inherited_string(const struct dw_die *die, unsigned name);
bool dw_die_reference(const struct dw_die *die, unsigned name, struct dw_die *ret);
/* Follows DW_AT_abstract_origin and DW_AT_specification to the end. */
struct dw_die dw_die_declaration(struct dw_die die);

#endif
