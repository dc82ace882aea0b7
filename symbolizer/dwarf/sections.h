/* SPDX-License-Identifier: MIT */
/* The debug sections of an ELF file, decompressed when first asked for. */
#ifndef SYMBOLIZER_DWARF_SECTIONS_H
#define SYMBOLIZER_DWARF_SECTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "symbolizer/elf_file.h"

enum dw_section_id {
    DW_SECTION_INFO,
    DW_SECTION_ABBREV,
    DW_SECTION_STR,
    DW_SECTION_LINE,
    DW_SECTION_LINE_STR,
    DW_SECTION_RANGES,
    DW_SECTION_RNGLISTS,
    DW_SECTION_ADDR,
    DW_SECTION_STR_OFFSETS,
    DW_SECTION_LOC,
    DW_SECTION_LOCLISTS,
    DW_SECTION_TYPES,
    DW_SECTION_CU_INDEX,
    DW_SECTION_TU_INDEX,
    DW_SECTION_ALTLINK,
    DW_SECTIONS
};

/* data is NULL if there is none. */
struct dw_slice {
    const uint8_t *data;
    size_t size;
};

struct dw_sections {
    struct {
        struct dw_slice stored, plain;
        enum { DW_STORED_PLAIN, DW_STORED_ELF, DW_STORED_GNU } form;
        void *unpacked;
        bool read;
    } at[DW_SECTIONS];
};

/* split: those of a .dwo or .dwp file. file must outlive sections. */
void dw_sections_find(struct dw_sections *sections, const struct elf_file *file, bool split);
void dw_sections_free(struct dw_sections *sections);
struct dw_slice dw_sections_get(struct dw_sections *sections, enum dw_section_id id);

#endif
