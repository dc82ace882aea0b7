/* SPDX-License-Identifier: MIT */
/*
 * The debug information of one file (DWARF 2 to 5; section and attribute names as there), read on
 * demand and without a copy: no tree is built and nothing is kept of the entries that are read.
 * Everything in it is untrusted: what is broken reads as absent. Not safe to share between threads.
 */
#ifndef SYMBOLIZER_DWARF_INFO_H
#define SYMBOLIZER_DWARF_INFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "symbolizer/dwarf/abbrev.h"
#include "symbolizer/dwarf/sections.h"

struct dw_info;
struct dw_split;

/* A value of a unit's root entry that is resolved when all of them are known. */
struct dw_root_value {
    bool there;
    uint16_t form;
    uint64_t number;
};

/* Offsets are those of .debug_info, or of .debug_types. */
struct dw_unit {
    struct dw_info *info;
    uint64_t offset, first, end; /* header, root entry, end */
    uint64_t abbrev_offset;
    uint64_t signature, type_offset; /* of a type unit; type_offset counts from the header */
    uint16_t version;
    uint8_t type, address_size, offset_size; /* type: DW_UT_... */
    bool in_types;                           /* in .debug_types */
    const struct dw_abbrevs *abbrevs;        /* NULL until an entry is read */

    bool root_read;
    bool is_skeleton; /* of a split unit: its entries are elsewhere */
    uint64_t dwo_id;
    struct dw_root_value low_pc, high_pc, ranges, lines;
    uint64_t base; /* what lists of ranges and locations count from: low_pc, or 0 */
    uint64_t str_offsets_base, addr_base, ranges_base, rnglists_base, loclists_base;

    struct dw_unit *skeleton, *body; /* of the two halves of a split unit, the other one */
    bool body_tried;
    struct dw_slice *slices; /* of a unit in a package its parts of the sections, else NULL */
};

struct dw_info {
    const struct elf_file *file;
    struct dw_sections sections;
    bool split; /* of a .dwo or .dwp file */
    struct dw_unit
        *units; /* those of .debug_info by offset, then those of .debug_types by offset */
    size_t n_units, n_info_units;
    struct dw_unit **type_units; /* by signature, NULL until needed */
    size_t n_type_units;
    struct dw_abbrevs **abbrevs; /* by place */
    size_t n_abbrevs;
    struct dw_info *alternate; /* what .gnu_debugaltlink names; not owned; may be NULL */

    struct dw_split *splits; /* files with split units that were opened */
    size_t n_splits;
    bool package_tried;
    struct dw_info *package; /* one of splits */
};

/* file and alternate must outlive the result. 0, -ENODATA if there is no .debug_info,
 * -ENOMEM. */
int dw_info_new(const struct elf_file *file, bool split, struct dw_info **ret);
struct dw_info *dw_info_free(struct dw_info *info);
BASE_DEFINE_CLEANUP(dw_info_free, struct dw_info *, dw_info_free);

#endif
