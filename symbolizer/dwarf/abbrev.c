/* SPDX-License-Identifier: MIT */
#include "symbolizer/dwarf/abbrev.h"

#include <dwarf.h>
#include <errno.h>
#include <stdlib.h>

#include "base/grow.h"
#include "symbolizer/dwarf/bytes.h"

enum { ATTRIBUTES_LIMIT = 4 << 20, ATTRIBUTES_OF_ONE = 1024 };

int dw_form_size(unsigned form, struct dw_sizes sizes) {
    switch (form) {
    case DW_FORM_implicit_const:
    case DW_FORM_flag_present:
        return 0;
    case DW_FORM_data1:
    case DW_FORM_ref1:
    case DW_FORM_flag:
    case DW_FORM_strx1:
    case DW_FORM_addrx1:
        return 1;
    case DW_FORM_data2:
    case DW_FORM_ref2:
    case DW_FORM_strx2:
    case DW_FORM_addrx2:
        return 2;
    case DW_FORM_strx3:
    case DW_FORM_addrx3:
        return 3;
    case DW_FORM_data4:
    case DW_FORM_ref4:
    case DW_FORM_strx4:
    case DW_FORM_addrx4:
    case DW_FORM_ref_sup4:
        return 4;
    case DW_FORM_data8:
    case DW_FORM_ref8:
    case DW_FORM_ref_sig8:
    case DW_FORM_ref_sup8:
        return 8;
    case DW_FORM_data16:
        return 16;
    case DW_FORM_addr:
        return sizes.address;
    case DW_FORM_ref_addr:
        return sizes.version < 3 ? sizes.address : sizes.offset;
    case DW_FORM_strp:
    case DW_FORM_line_strp:
    case DW_FORM_sec_offset:
    case DW_FORM_strp_sup:
    case DW_FORM_GNU_strp_alt:
    case DW_FORM_GNU_ref_alt:
        return sizes.offset;
    default:
        return -1;
    }
}

static void measure(const struct dw_abbrevs *table, struct dw_abbrev *abbrev) {
    uint32_t size = 0;
    abbrev->sibling = DW_ABBREV_VARIABLE;
    for (size_t i = 0; i < abbrev->n; i++) {
        const struct dw_attribute_spec *spec = &table->attributes[abbrev->first + i];
        int one = dw_form_size(spec->form, table->sizes);
        if (spec->name == DW_AT_sibling && size != DW_ABBREV_VARIABLE) {
            abbrev->sibling = size;
            abbrev->sibling_form = (uint8_t)spec->form;
        }
        if (one < 0)
            size = DW_ABBREV_VARIABLE;
        else if (size != DW_ABBREV_VARIABLE)
            size += (uint32_t)one;
    }
    abbrev->size = size;
}

static int read_attributes(struct bytes *bytes, struct dw_abbrevs *table,
                           struct dw_abbrev *abbrev) {
    abbrev->first = (uint32_t)table->n_attributes;
    for (;;) {
        uint64_t name = bytes_uleb(bytes), form = bytes_uleb(bytes);
        int64_t constant = form == DW_FORM_implicit_const ? bytes_sleb(bytes) : 0;
        if (bytes->bad || (name == 0 && form == 0))
            return bytes->bad ? -EBADMSG : 0;
        if (name > UINT16_MAX || form > UINT16_MAX || abbrev->n == ATTRIBUTES_OF_ONE ||
            table->n_attributes == ATTRIBUTES_LIMIT)
            return -EBADMSG;
        struct dw_attribute_spec *grown =
            grow(table->attributes, table->n_attributes, sizeof(*grown));
        if (!grown)
            return -ENOMEM;
        table->attributes = grown;
        grown[table->n_attributes++] =
            (struct dw_attribute_spec){(uint16_t)name, (uint16_t)form, constant};
        abbrev->n++;
    }
}

static int compare_codes(const void *a, const void *b) {
    const struct dw_abbrev *x = a, *y = b;
    return x->code < y->code ? -1 : x->code > y->code;
}

static int read_table(struct bytes *bytes, struct dw_abbrevs *table, size_t limit, bool *sorted) {
    *sorted = true;
    while (table->n < limit) {
        uint64_t code = bytes_uleb(bytes);
        if (code == 0 || code > UINT32_MAX)
            break;
        uint64_t tag = bytes_uleb(bytes);
        struct dw_abbrev abbrev = {
            .code = (uint32_t)code, .tag = (uint16_t)tag, .children = bytes_u8(bytes) != 0};
        if (bytes->bad || tag > UINT16_MAX)
            break;
        int r = read_attributes(bytes, table, &abbrev);
        if (r < 0)
            return r == -ENOMEM ? r : 0;
        measure(table, &abbrev);
        struct dw_abbrev *grown = grow(table->abbrevs, table->n, sizeof(*grown));
        if (!grown)
            return -ENOMEM;
        table->abbrevs = grown;
        if (table->n > 0 && grown[table->n - 1].code >= abbrev.code)
            *sorted = false;
        grown[table->n++] = abbrev;
    }
    return 0;
}

int dw_abbrevs_read(struct dw_slice section, uint64_t offset, struct dw_sizes sizes, size_t limit,
                    struct dw_abbrevs **ret) {
    struct dw_abbrevs *table = calloc(1, sizeof(*table));
    if (!table)
        return -ENOMEM;
    struct bytes bytes = bytes_of(section.data, section.size, offset);
    table->place = bytes.at;
    table->sizes = sizes;
    table->attributes = calloc(1, sizeof(*table->attributes));
    bool sorted;
    int r = table->attributes ? read_table(&bytes, table, limit, &sorted) : -ENOMEM;
    if (r < 0) {
        dw_abbrevs_free(table);
        return r;
    }
    if (!sorted)
        qsort(table->abbrevs, table->n, sizeof(*table->abbrevs), compare_codes);
    *ret = table;
    return 0;
}

struct dw_abbrevs *dw_abbrevs_free(struct dw_abbrevs *abbrevs) {
    if (abbrevs) {
        free(abbrevs->abbrevs);
        free(abbrevs->attributes);
        free(abbrevs);
    }
    return NULL;
}

const struct dw_abbrev *dw_abbrevs_find(const struct dw_abbrevs *abbrevs, uint64_t code) {
    /* Compilers number them from 1 on. */
    if (code - 1 < abbrevs->n && abbrevs->abbrevs[code - 1].code == code)
        return &abbrevs->abbrevs[code - 1];
    size_t low = 0, high = abbrevs->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (abbrevs->abbrevs[middle].code < code)
            low = middle + 1;
        else
            high = middle;
    }
    return low < abbrevs->n && abbrevs->abbrevs[low].code == code ? &abbrevs->abbrevs[low] : NULL;
}
