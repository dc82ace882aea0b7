/* SPDX-License-Identifier: MIT */
#include "symbolizer/dwarf/unit.h"

#include <dwarf.h>
#include <errno.h>
#include <stdlib.h>

#include "base/grow.h"
#include "symbolizer/dwarf/package.h"
#include "symbolizer/dwarf/split.h"
#include "symbolizer/dwarf/value.h"

enum { UNITS_LIMIT = 4 << 20 };

/* DWARF 5, 7.5.1; before version 5 there was no type of unit. */
static bool read_header(struct dw_info *info, bool in_types, struct bytes *bytes,
                        const uint8_t *section, struct dw_unit *ret) {
    struct dw_unit unit = {
        .info = info, .in_types = in_types, .offset = (uint64_t)(bytes->at - section)};
    uint64_t length = bytes_initial_length(bytes, &unit.offset_size);
    const uint8_t *contents = bytes->at;
    if (!bytes_block(bytes, length))
        return false;
    unit.end = (uint64_t)(bytes->at - section);
    struct bytes header = {contents, bytes->at, false};
    unit.version = bytes_u16(&header);
    unit.type = in_types ? DW_UT_type : DW_UT_compile;
    if (unit.version >= 5) {
        unit.type = bytes_u8(&header);
        unit.address_size = bytes_u8(&header);
        unit.abbrev_offset = bytes_unsigned(&header, unit.offset_size);
        if (unit.type == DW_UT_skeleton || unit.type == DW_UT_split_compile)
            unit.dwo_id = bytes_u64(&header);
    } else {
        unit.abbrev_offset = bytes_unsigned(&header, unit.offset_size);
        unit.address_size = bytes_u8(&header);
    }
    if (unit.type == DW_UT_type || unit.type == DW_UT_split_type) {
        unit.signature = bytes_u64(&header);
        unit.type_offset = bytes_unsigned(&header, unit.offset_size);
    }
    unit.first = (uint64_t)(header.at - section);
    bool known = unit.version >= 2 && unit.version <= 5 &&
                 (unit.address_size == 8 || unit.address_size == 4) && !header.bad;
    if (!known)
        unit.first = unit.end; /* it has no entries for us */
    *ret = unit;
    return true;
}

static int read_section(struct dw_info *info, enum dw_section_id id) {
    struct dw_slice section = dw_sections_get(&info->sections, id);
    struct bytes bytes = bytes_of(section.data, section.size, 0);
    while (!bytes.bad && bytes_left(&bytes) > 0 && info->n_units < UNITS_LIMIT) {
        struct dw_unit *grown = grow(info->units, info->n_units, sizeof(*grown));
        if (!grown)
            return -ENOMEM;
        info->units = grown;
        if (!read_header(info, id == DW_SECTION_TYPES, &bytes, section.data,
                         &info->units[info->n_units]))
            break;
        info->n_units++;
    }
    return 0;
}

int dw_units_read(struct dw_info *info) {
    int r = read_section(info, DW_SECTION_INFO);
    info->n_info_units = info->n_units;
    return r < 0 ? r : read_section(info, DW_SECTION_TYPES);
}

struct dw_unit *dw_info_unit_at(struct dw_info *info, uint64_t offset) {
    size_t low = 0, high = info->n_info_units;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (info->units[middle].offset <= offset)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0 || offset >= info->units[low - 1].end)
        return NULL;
    return &info->units[low - 1];
}

static int compare_signatures(const void *a, const void *b) {
    const struct dw_unit *x = *(struct dw_unit *const *)a, *y = *(struct dw_unit *const *)b;
    return x->signature < y->signature ? -1 : x->signature > y->signature;
}

static bool is_type_unit(const struct dw_unit *unit) {
    return unit->type == DW_UT_type || unit->type == DW_UT_split_type;
}

static void collect_type_units(struct dw_info *info) {
    info->type_units = calloc(info->n_units + 1, sizeof(struct dw_unit *));
    if (!info->type_units)
        return;
    for (size_t i = 0; i < info->n_units; i++)
        if (is_type_unit(&info->units[i]))
            info->type_units[info->n_type_units++] = &info->units[i];
    qsort(info->type_units, info->n_type_units, sizeof(struct dw_unit *), compare_signatures);
}

struct dw_unit *dw_info_type_unit(struct dw_unit *unit, uint64_t signature) {
    struct dw_info *info = unit->info;
    struct dw_unit *found = NULL;
    if (unit->slices) {
        found = dw_package_unit(info, DW_SECTION_TU_INDEX, signature);
    } else {
        if (!info->type_units)
            collect_type_units(info);
        struct dw_unit key = {.signature = signature}, *wanted = &key, **at = NULL;
        if (info->type_units)
            at = bsearch(&wanted, info->type_units, info->n_type_units, sizeof(struct dw_unit *),
                         compare_signatures);
        found = at ? *at : NULL;
    }
    /* What a split type unit says of addresses is said for the unit that uses it. */
    if (found && !found->skeleton)
        found->skeleton = unit->skeleton;
    return found;
}

struct dw_slice dw_unit_section(struct dw_unit *unit, enum dw_section_id id) {
    return unit->slices ? unit->slices[id] : dw_sections_get(&unit->info->sections, id);
}

struct dw_slice dw_unit_entries(struct dw_unit *unit) {
    return dw_sections_get(&unit->info->sections,
                           unit->in_types ? DW_SECTION_TYPES : DW_SECTION_INFO);
}

/* Tables are shared: of link-time optimization and dwz, by many units. */
static const struct dw_abbrevs *find_abbrevs(struct dw_info *info, const uint8_t *place,
                                             struct dw_sizes sizes, size_t *index) {
    size_t low = 0, high = info->n_abbrevs;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (info->abbrevs[middle]->place < place)
            low = middle + 1;
        else
            high = middle;
    }
    *index = low;
    for (size_t i = low; i < info->n_abbrevs && info->abbrevs[i]->place == place; i++)
        if (memcmp(&info->abbrevs[i]->sizes, &sizes, sizeof(sizes)) == 0)
            return info->abbrevs[i];
    return NULL;
}

static bool load_abbrevs(struct dw_unit *unit) {
    struct dw_info *info = unit->info;
    struct dw_slice section = dw_unit_section(unit, DW_SECTION_ABBREV);
    if (unit->abbrev_offset >= section.size)
        return false;
    struct dw_sizes sizes = {unit->address_size, unit->offset_size, (uint8_t)unit->version};
    size_t index;
    unit->abbrevs = find_abbrevs(info, section.data + unit->abbrev_offset, sizes, &index);
    if (unit->abbrevs)
        return true;
    struct dw_abbrevs *table;
    struct dw_abbrevs **grown = grow(info->abbrevs, info->n_abbrevs, sizeof(*grown));
    if (!grown)
        return false;
    info->abbrevs = grown;
    if (dw_abbrevs_read(section, unit->abbrev_offset, sizes, DW_ABBREVS_LIMIT, &table) < 0)
        return false;
    memmove(grown + index + 1, grown + index,
            (info->n_abbrevs - index) * sizeof(struct dw_abbrevs *));
    grown[index] = table;
    info->n_abbrevs++;
    unit->abbrevs = table;
    return true;
}

/* Where the header of a section of lists or offsets ends, for units that need not say it. */
static void set_default_bases(struct dw_unit *unit) {
    bool wide = unit->offset_size == 8;
    bool split5 = unit->info->split && unit->version >= 5;
    unit->str_offsets_base = split5 ? (wide ? 16 : 8) : 0;
    unit->rnglists_base = split5 ? (wide ? 20 : 12) : 0;
    unit->loclists_base = unit->rnglists_base;
}

static void keep(struct dw_root_value *kept, const struct dw_value *value) {
    *kept = (struct dw_root_value){true, (uint16_t)value->form, value->number};
}

static void take_root_attribute(struct dw_unit *unit, unsigned name, const struct dw_value *value) {
    switch (name) {
    case DW_AT_low_pc:
        keep(&unit->low_pc, value);
        break;
    case DW_AT_high_pc:
        keep(&unit->high_pc, value);
        break;
    case DW_AT_ranges:
        keep(&unit->ranges, value);
        break;
    case DW_AT_stmt_list:
        keep(&unit->lines, value);
        break;
    case DW_AT_str_offsets_base:
        unit->str_offsets_base = value->number;
        break;
    case DW_AT_addr_base:
    case DW_AT_GNU_addr_base:
        unit->addr_base = value->number;
        break;
    case DW_AT_GNU_ranges_base:
        unit->ranges_base = value->number;
        break;
    case DW_AT_rnglists_base:
        unit->rnglists_base = value->number;
        break;
    case DW_AT_loclists_base:
        unit->loclists_base = value->number;
        break;
    case DW_AT_GNU_dwo_id:
        unit->dwo_id = value->number;
        break;
    case DW_AT_dwo_name:
    case DW_AT_GNU_dwo_name:
        unit->is_skeleton = !unit->info->split;
        break;
    default:
        break;
    }
}

/* False if the table lacks the root entry's code. */
static bool read_root(struct dw_unit *unit) {
    set_default_bases(unit);
    struct dw_slice entries = dw_unit_entries(unit);
    struct bytes bytes = {entries.data + unit->first, entries.data + unit->end, false};
    const struct dw_abbrev *abbrev = dw_abbrevs_find(unit->abbrevs, bytes_uleb(&bytes));
    if (!abbrev)
        return false;
    const struct dw_attribute_spec *spec = &unit->abbrevs->attributes[abbrev->first];
    for (size_t i = 0; i < abbrev->n; i++, spec++) {
        struct dw_value value;
        if (!dw_value_read(&bytes, unit, spec, &value))
            break;
        take_root_attribute(unit, spec->name, &value);
    }
    return true;
}

static void resolve_base(struct dw_unit *unit) {
    struct dw_value low = {.unit = unit, .form = unit->low_pc.form, .number = unit->low_pc.number};
    if (!unit->low_pc.there || !dw_value_address(&low, &unit->base))
        unit->base = unit->info->split && unit->skeleton ? unit->skeleton->base : 0;
}

/* The root's abbreviation is nearly always the first one: files have thousands of units, and most
 * are never entered. */
static bool read_root_alone(struct dw_unit *unit) {
    struct dw_sizes sizes = {unit->address_size, unit->offset_size, (uint8_t)unit->version};
    struct dw_abbrevs *first;
    if (dw_abbrevs_read(dw_unit_section(unit, DW_SECTION_ABBREV), unit->abbrev_offset, sizes, 1,
                        &first) < 0)
        return false;
    unit->abbrevs = first;
    bool done = read_root(unit);
    unit->abbrevs = NULL;
    dw_abbrevs_free(first);
    return done;
}

/* In a package only the index says which parts of the sections are a unit's. */
static bool is_readable(struct dw_unit *unit) {
    bool packed =
        unit->info->split && dw_sections_get(&unit->info->sections, DW_SECTION_CU_INDEX).data;
    return unit->first < unit->end && (!packed || unit->slices);
}

bool dw_unit_read_root(struct dw_unit *unit) {
    if (unit->root_read)
        return true;
    if (!is_readable(unit))
        return false;
    if (unit->abbrevs || !read_root_alone(unit)) {
        if ((!unit->abbrevs && !load_abbrevs(unit)) || !read_root(unit))
            return false;
    }
    unit->root_read = true;
    resolve_base(unit);
    return true;
}

bool dw_unit_load(struct dw_unit *unit) {
    if (!is_readable(unit) || (!unit->abbrevs && !load_abbrevs(unit)))
        return false;
    return dw_unit_read_root(unit);
}

struct dw_unit *dw_unit_body(struct dw_unit *unit) {
    if (!dw_unit_read_root(unit) || !unit->is_skeleton)
        return unit;
    if (!unit->body_tried) {
        unit->body_tried = true;
        struct dw_die root;
        if (!dw_unit_root(unit, &root))
            return NULL;
        const char *name = dw_die_string(&root, DW_AT_dwo_name);
        if (!name)
            name = dw_die_string(&root, DW_AT_GNU_dwo_name);
        unit->body = dw_split_find(unit, name, dw_die_string(&root, DW_AT_comp_dir));
    }
    return unit->body;
}

static struct dw_unit *with_place(struct dw_unit *unit) {
    return unit->info->split && unit->skeleton ? unit->skeleton : unit;
}

const char *dw_unit_comp_dir(struct dw_unit *unit) {
    struct dw_die root;
    return dw_unit_root(with_place(unit), &root) ? dw_die_string(&root, DW_AT_comp_dir) : NULL;
}

unsigned dw_unit_language(struct dw_unit *unit) {
    struct dw_die root;
    uint64_t language;
    return dw_unit_root(unit, &root) && dw_die_unsigned(&root, DW_AT_language, &language)
               ? (unsigned)language
               : 0;
}
