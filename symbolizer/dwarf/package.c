/* SPDX-License-Identifier: MIT */
#include "symbolizer/dwarf/package.h"

#include <stdlib.h>

#include "symbolizer/dwarf/bytes.h"
#include "symbolizer/dwarf/unit.h"

/* Columns of an index: DW_SECT_... of version 5, then those of GNU's version 2. */
static const int SECTIONS_5[] = {
    [1] = DW_SECTION_INFO,     [3] = DW_SECTION_ABBREV,      [4] = DW_SECTION_LINE,
    [5] = DW_SECTION_LOCLISTS, [6] = DW_SECTION_STR_OFFSETS, [8] = DW_SECTION_RNGLISTS};
static const int SECTIONS_2[] = {[1] = DW_SECTION_INFO,
                                 [2] = DW_SECTION_TYPES,
                                 [3] = DW_SECTION_ABBREV,
                                 [4] = DW_SECTION_LINE,
                                 [5] = DW_SECTION_LOC,
                                 [6] = DW_SECTION_STR_OFFSETS,
                                 [8] = -1};
enum { COLUMNS_KNOWN = 9, NOT_USED = -1 };

struct index {
    struct dw_slice section;
    uint16_t version;
    uint64_t columns, units, slots;
    uint64_t signatures, rows, table; /* offsets */
};

static int section_of(const struct index *index, uint32_t column) {
    if (column == 0 || column >= COLUMNS_KNOWN)
        return NOT_USED;
    int id = index->version == 5 ? SECTIONS_5[column] : SECTIONS_2[column];
    /* 0 is DW_SECTION_INFO, and what the tables leave out. */
    return id == 0 && column != 1 ? NOT_USED : id;
}

static uint32_t word_at(const struct index *index, uint64_t offset) {
    struct bytes bytes = bytes_of(index->section.data, index->section.size, offset);
    return bytes_u32(&bytes);
}

static bool read_header(struct dw_slice section, struct index *ret) {
    struct bytes bytes = bytes_of(section.data, section.size, 0);
    uint32_t version = bytes_u32(&bytes);
    *ret = (struct index){.section = section, .version = (uint16_t)(version & 0xffff)};
    ret->columns = bytes_u32(&bytes);
    ret->units = bytes_u32(&bytes);
    ret->slots = bytes_u32(&bytes);
    ret->signatures = 16;
    ret->rows = ret->signatures + ret->slots * 8;
    ret->table = ret->rows + ret->slots * 4;
    bool power_of_two = ret->slots > 0 && (ret->slots & (ret->slots - 1)) == 0;
    return !bytes.bad && (ret->version == 2 || ret->version == 5) && power_of_two &&
           ret->columns <= COLUMNS_KNOWN &&
           ret->table + (1 + 2 * ret->units) * ret->columns * 4 <= section.size;
}

/* Row of the table, counted from 1; 0 if there is none. */
static uint32_t row_of(const struct index *index, uint64_t signature) {
    uint64_t mask = index->slots - 1;
    uint64_t slot = signature & mask, step = ((signature >> 32) & mask) | 1;
    for (uint64_t i = 0; i < index->slots; i++, slot = (slot + step) & mask) {
        uint32_t row = word_at(index, index->rows + slot * 4);
        if (row == 0)
            return 0;
        struct bytes bytes =
            bytes_of(index->section.data, index->section.size, index->signatures + slot * 8);
        if (bytes_u64(&bytes) == signature)
            return row <= index->units ? row : 0;
    }
    return 0;
}

static uint32_t cell(const struct index *index, uint64_t line, uint64_t column) {
    return word_at(index, index->table + (line * index->columns + column) * 4);
}

static struct dw_slice part_of(struct dw_slice whole, uint64_t offset, uint64_t size) {
    if (offset > whole.size || size > whole.size - offset)
        return (struct dw_slice){0};
    return (struct dw_slice){whole.data + offset, (size_t)size};
}

/* The unit whose entries begin at offset of the section. */
static struct dw_unit *unit_from(struct dw_info *info, bool in_types, uint64_t offset) {
    if (!in_types)
        return dw_info_unit_at(info, offset);
    for (size_t i = info->n_info_units; i < info->n_units; i++)
        if (info->units[i].offset == offset)
            return &info->units[i];
    return NULL;
}

struct dw_unit *dw_package_unit(struct dw_info *package, enum dw_section_id id,
                                uint64_t signature) {
    struct index index;
    if (!read_header(dw_sections_get(&package->sections, id), &index))
        return NULL;
    uint32_t row = row_of(&index, signature);
    struct dw_slice parts[DW_SECTIONS];
    struct dw_unit *unit = NULL;
    for (int i = 0; i < DW_SECTIONS; i++)
        parts[i] = dw_sections_get(&package->sections, (enum dw_section_id)i);
    for (uint64_t column = 0; row > 0 && column < index.columns; column++) {
        int section = section_of(&index, cell(&index, 0, column));
        uint64_t offset = cell(&index, row, column);
        uint64_t size = cell(&index, index.units + row, column);
        if (section == NOT_USED || size == 0)
            continue;
        /* Offsets of entries stay those of the whole section. */
        if (section == DW_SECTION_INFO || section == DW_SECTION_TYPES)
            unit = unit_from(package, section == DW_SECTION_TYPES, offset);
        else
            parts[section] = part_of(parts[section], offset, size);
    }
    if (!unit || (!unit->slices && !(unit->slices = malloc(sizeof(parts)))))
        return NULL;
    memcpy(unit->slices, parts, sizeof(parts));
    return unit;
}
