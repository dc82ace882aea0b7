/* SPDX-License-Identifier: MIT */
#include "symbolizer/dwarf/ranges.h"

#include "symbolizer/dwarf/value.h"

/* The unit whose .debug_ranges or .debug_rnglists a list of version 4 or before stands in. */
static struct dw_unit *holder_of(struct dw_unit *unit) {
    bool outside = unit->info->split && unit->version < 5 && unit->skeleton;
    return outside ? unit->skeleton : unit;
}

static void start_old_list(struct dw_unit *unit, uint64_t offset, struct dw_ranges *ret) {
    struct dw_unit *holder = holder_of(unit);
    struct dw_slice section = dw_unit_section(holder, DW_SECTION_RANGES);
    if (holder != unit)
        offset += holder->ranges_base;
    ret->kind = DW_RANGES_OLD;
    ret->bytes = bytes_of(section.data, section.size, offset);
}

static void start_list(struct dw_unit *unit, uint64_t offset, struct dw_ranges *ret) {
    struct dw_slice section = dw_unit_section(unit, DW_SECTION_RNGLISTS);
    ret->kind = DW_RANGES_LIST;
    ret->bytes = bytes_of(section.data, section.size, offset);
}

static void start(struct dw_unit *unit, const struct dw_value *low, const struct dw_value *high,
                  const struct dw_value *ranges, struct dw_ranges *ret) {
    uint64_t offset;
    *ret = (struct dw_ranges){
        .unit = unit, .kind = DW_RANGES_NONE, .base = unit->base, .bytes = bytes_none()};
    if (ranges) {
        if (ranges->form == DW_FORM_rnglistx) {
            if (dw_unit_list(unit, DW_SECTION_RNGLISTS, unit->rnglists_base, ranges->number,
                             &offset))
                start_list(unit, offset, ret);
        } else if (dw_value_is_offset(ranges)) {
            if (unit->version >= 5)
                start_list(unit, ranges->number, ret);
            else
                start_old_list(unit, ranges->number, ret);
        }
        return;
    }
    if (!low || !high || !dw_value_address(low, &ret->low))
        return;
    /* Since DWARF 4 the end may be said as a size. */
    if (!dw_value_address(high, &ret->high)) {
        uint64_t size;
        if (!dw_value_unsigned(high, &size))
            return;
        ret->high = ret->low + size;
    }
    ret->kind = DW_RANGES_ONE;
}

void dw_die_ranges(const struct dw_die *die, struct dw_ranges *ret) {
    struct dw_unit *unit = die->unit;
    const struct dw_attribute_spec *spec = &unit->abbrevs->attributes[die->abbrev->first];
    struct dw_slice entries = dw_unit_entries(unit);
    struct bytes bytes = {die->attributes, entries.data + unit->end, false};
    struct dw_value low, high, ranges, other;
    bool has_low = false, has_high = false, has_ranges = false;
    for (size_t i = 0; i < die->abbrev->n; i++, spec++) {
        struct dw_value *value = &other;
        if (spec->name == DW_AT_low_pc) {
            value = &low;
            has_low = true;
        } else if (spec->name == DW_AT_high_pc) {
            value = &high;
            has_high = true;
        } else if (spec->name == DW_AT_ranges) {
            value = &ranges;
            has_ranges = true;
        } else {
            int size = dw_form_size(spec->form, unit->abbrevs->sizes);
            if (size >= 0) {
                bytes_block(&bytes, (uint64_t)size);
                continue;
            }
        }
        if (!dw_value_read(&bytes, unit, spec, value)) {
            *ret = (struct dw_ranges){.kind = DW_RANGES_NONE};
            return;
        }
    }
    start(unit, has_low ? &low : NULL, has_high ? &high : NULL, has_ranges ? &ranges : NULL, ret);
}

static struct dw_value value_of(struct dw_unit *unit, const struct dw_root_value *root) {
    return (struct dw_value){.unit = unit, .form = root->form, .number = root->number};
}

void dw_unit_ranges(struct dw_unit *unit, struct dw_ranges *ret) {
    *ret = (struct dw_ranges){.kind = DW_RANGES_NONE};
    if (!dw_unit_read_root(unit))
        return;
    struct dw_value low = value_of(unit, &unit->low_pc), high = value_of(unit, &unit->high_pc),
                    ranges = value_of(unit, &unit->ranges);
    start(unit, unit->low_pc.there ? &low : NULL, unit->high_pc.there ? &high : NULL,
          unit->ranges.there ? &ranges : NULL, ret);
}

/* Pairs of addresses; the largest address as start sets the base. */
static bool next_old(struct dw_ranges *ranges, uint64_t *low, uint64_t *high) {
    size_t size = ranges->unit->address_size;
    uint64_t highest = size == 8 ? UINT64_MAX : UINT32_MAX;
    for (;;) {
        uint64_t a = bytes_unsigned(&ranges->bytes, size);
        uint64_t b = bytes_unsigned(&ranges->bytes, size);
        if (ranges->bytes.bad || (a == 0 && b == 0))
            return false;
        if (a == highest) {
            ranges->base = b;
            continue;
        }
        if (a < b) {
            *low = ranges->base + a;
            *high = ranges->base + b;
            return true;
        }
    }
}

/* DWARF 5, 7.25. */
static bool next_in_list(struct dw_ranges *ranges, uint64_t *low, uint64_t *high) {
    struct bytes *bytes = &ranges->bytes;
    struct dw_unit *unit = ranges->unit;
    size_t size = unit->address_size;
    while (!bytes->bad) {
        bool known = true;
        uint64_t start = 0, end = 0;
        switch (bytes_u8(bytes)) {
        case DW_RLE_end_of_list:
            return false;
        case DW_RLE_base_addressx:
            known = dw_unit_address(unit, bytes_uleb(bytes), &ranges->base);
            break;
        case DW_RLE_base_address:
            ranges->base = bytes_unsigned(bytes, size);
            break;
        case DW_RLE_startx_endx:
            known = dw_unit_address(unit, bytes_uleb(bytes), &start);
            known = dw_unit_address(unit, bytes_uleb(bytes), &end) && known;
            break;
        case DW_RLE_startx_length:
            known = dw_unit_address(unit, bytes_uleb(bytes), &start);
            end = start + bytes_uleb(bytes);
            break;
        case DW_RLE_offset_pair:
            start = ranges->base + bytes_uleb(bytes);
            end = ranges->base + bytes_uleb(bytes);
            break;
        case DW_RLE_start_end:
            start = bytes_unsigned(bytes, size);
            end = bytes_unsigned(bytes, size);
            break;
        case DW_RLE_start_length:
            start = bytes_unsigned(bytes, size);
            end = start + bytes_uleb(bytes);
            break;
        default:
            return false;
        }
        if (known && !bytes->bad && start < end) {
            *low = start;
            *high = end;
            return true;
        }
    }
    return false;
}

bool dw_ranges_next(struct dw_ranges *ranges, uint64_t *low, uint64_t *high) {
    switch (ranges->kind) {
    case DW_RANGES_ONE:
        ranges->kind = DW_RANGES_NONE;
        *low = ranges->low;
        *high = ranges->high;
        return *low < *high;
    case DW_RANGES_OLD:
        return next_old(ranges, low, high);
    case DW_RANGES_LIST:
        return next_in_list(ranges, low, high);
    default:
        return false;
    }
}

uint64_t dw_die_covers(const struct dw_die *die, uint64_t address) {
    struct dw_ranges ranges;
    uint64_t low, high;
    dw_die_ranges(die, &ranges);
    while (dw_ranges_next(&ranges, &low, &high))
        if (address >= low && address < high)
            return high - low;
    return 0;
}

bool dw_die_entry(const struct dw_die *die, uint64_t *ret) {
    struct dw_value value;
    struct dw_ranges ranges;
    uint64_t high;
    if (dw_die_attribute(die, DW_AT_entry_pc, &value)) {
        uint64_t offset;
        if (dw_value_address(&value, ret))
            return true;
        /* Since DWARF 5 it may count from the start. */
        dw_die_ranges(die, &ranges);
        if (dw_value_unsigned(&value, &offset) && dw_ranges_next(&ranges, ret, &high)) {
            *ret += offset;
            return true;
        }
    }
    if (dw_die_attribute(die, DW_AT_low_pc, &value) && dw_value_address(&value, ret))
        return true;
    dw_die_ranges(die, &ranges);
    return dw_ranges_next(&ranges, ret, &high);
}
