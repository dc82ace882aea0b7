/* SPDX-License-Identifier: MIT */
/* Abbreviation tables (DWARF 5, 7.5.3). */
#ifndef SYMBOLIZER_DWARF_ABBREV_H
#define SYMBOLIZER_DWARF_ABBREV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "symbolizer/dwarf/sections.h"

struct dw_attribute_spec {
    uint16_t name, form;
    int64_t constant; /* of DW_FORM_implicit_const */
};

struct dw_abbrev {
    uint32_t code;
    uint16_t tag;
    bool children;
    uint16_t n;
    uint32_t first;   /* of its attributes in the table */
    uint32_t size;    /* bytes of all attributes, DW_ABBREV_VARIABLE if that depends */
    uint32_t sibling; /* bytes before DW_AT_sibling, DW_ABBREV_VARIABLE if there is none or it
                         depends */
    uint8_t sibling_form;
};

#define DW_ABBREV_VARIABLE UINT32_MAX
enum { DW_ABBREVS_LIMIT = 1 << 20 };

/* What the size of a value depends on. */
struct dw_sizes {
    uint8_t address, offset, version;
};

struct dw_abbrevs {
    const uint8_t *place; /* where it begins */
    struct dw_sizes sizes;
    struct dw_abbrev *abbrevs; /* by code */
    size_t n;
    struct dw_attribute_spec *attributes;
    size_t n_attributes;
};

/* Bytes of a value, -1 if they depend on the value or the form is not known. */
int dw_form_size(unsigned form, struct dw_sizes sizes);

/* The first entries of the table at offset, where it is broken those that could be read. 0 or
 * -ENOMEM. */
int dw_abbrevs_read(struct dw_slice section, uint64_t offset, struct dw_sizes sizes, size_t limit,
                    struct dw_abbrevs **ret);
struct dw_abbrevs *dw_abbrevs_free(struct dw_abbrevs *abbrevs);
const struct dw_abbrev *dw_abbrevs_find(const struct dw_abbrevs *abbrevs, uint64_t code);

#endif
