/* SPDX-License-Identifier: MIT */
#include "symbolizer/dwarf/locations.h"

#include "symbolizer/dwarf/bytes.h"
#include "symbolizer/dwarf/value.h"

struct entry {
    uint64_t low, high;
    const uint8_t *expression;
    size_t size;
    bool fallback;
};

static bool take(struct bytes *bytes, uint64_t size, struct entry *entry) {
    entry->expression = bytes_block(bytes, size);
    entry->size = (size_t)size;
    return !bytes->bad;
}

/* .debug_loc of DWARF 2 to 4: pairs of addresses, the largest address as start sets the base. */
static bool next_old(struct bytes *bytes, struct dw_unit *unit, uint64_t *base,
                     struct entry *entry) {
    size_t size = unit->address_size;
    uint64_t highest = size == 8 ? UINT64_MAX : UINT32_MAX;
    for (;;) {
        uint64_t low = bytes_unsigned(bytes, size), high = bytes_unsigned(bytes, size);
        if (bytes->bad || (low == 0 && high == 0))
            return false;
        if (low == highest) {
            *base = high;
            continue;
        }
        *entry = (struct entry){.low = *base + low, .high = *base + high};
        return take(bytes, bytes_u16(bytes), entry);
    }
}

/* .debug_loc.dwo of GNU's extension to DWARF 4: kinds of entries as in DWARF 5, operands fixed. */
static bool next_split(struct bytes *bytes, struct dw_unit *unit, uint64_t *base,
                       struct entry *entry) {
    for (;;) {
        *entry = (struct entry){0};
        bool known = true;
        switch (bytes_u8(bytes)) {
        case DW_LLE_GNU_base_address_selection_entry:
            if (!dw_unit_address(unit, bytes_uleb(bytes), base) || bytes->bad)
                return false;
            continue;
        case DW_LLE_GNU_start_end_entry:
            known = dw_unit_address(unit, bytes_uleb(bytes), &entry->low);
            known = dw_unit_address(unit, bytes_uleb(bytes), &entry->high) && known;
            break;
        case DW_LLE_GNU_start_length_entry:
            known = dw_unit_address(unit, bytes_uleb(bytes), &entry->low);
            entry->high = entry->low + bytes_u32(bytes);
            break;
        default:
            return false;
        }
        if (!known)
            entry->high = entry->low;
        return take(bytes, bytes_u16(bytes), entry);
    }
}

/* DWARF 5, 7.7.3. */
static bool next_in_list(struct bytes *bytes, struct dw_unit *unit, uint64_t *base,
                         struct entry *entry) {
    size_t size = unit->address_size;
    for (;;) {
        *entry = (struct entry){0};
        bool known = true;
        switch (bytes_u8(bytes)) {
        case DW_LLE_base_addressx:
            if (!dw_unit_address(unit, bytes_uleb(bytes), base) || bytes->bad)
                return false;
            continue;
        case DW_LLE_base_address:
            *base = bytes_unsigned(bytes, size);
            continue;
        case DW_LLE_GNU_view_pair:
            bytes_uleb(bytes);
            bytes_uleb(bytes);
            continue;
        case DW_LLE_startx_endx:
            known = dw_unit_address(unit, bytes_uleb(bytes), &entry->low);
            known = dw_unit_address(unit, bytes_uleb(bytes), &entry->high) && known;
            break;
        case DW_LLE_startx_length:
            known = dw_unit_address(unit, bytes_uleb(bytes), &entry->low);
            entry->high = entry->low + bytes_uleb(bytes);
            break;
        case DW_LLE_offset_pair:
            entry->low = *base + bytes_uleb(bytes);
            entry->high = *base + bytes_uleb(bytes);
            break;
        case DW_LLE_default_location:
            entry->fallback = true;
            break;
        case DW_LLE_start_end:
            entry->low = bytes_unsigned(bytes, size);
            entry->high = bytes_unsigned(bytes, size);
            break;
        case DW_LLE_start_length:
            entry->low = bytes_unsigned(bytes, size);
            entry->high = entry->low + bytes_uleb(bytes);
            break;
        default:
            return false;
        }
        if (!known)
            entry->high = entry->low;
        return take(bytes, bytes_uleb(bytes), entry);
    }
}

static bool search(struct dw_unit *unit, enum dw_section_id id, uint64_t offset,
                   bool (*next)(struct bytes *, struct dw_unit *, uint64_t *, struct entry *),
                   uint64_t address, struct entry *ret) {
    struct dw_slice section = dw_unit_section(unit, id);
    struct bytes bytes = bytes_of(section.data, section.size, offset);
    uint64_t base = unit->base;
    struct entry entry;
    bool found = false;
    while (!bytes.bad && next(&bytes, unit, &base, &entry)) {
        if (address >= entry.low && address < entry.high) {
            *ret = entry;
            return true;
        }
        if (entry.fallback && !found) {
            *ret = entry;
            found = true;
        }
    }
    return found;
}

bool dw_location_at(const struct dw_value *value, uint64_t address, const uint8_t **expression,
                    size_t *size) {
    struct dw_unit *unit = value->unit;
    struct entry entry = {0};
    uint64_t offset = value->number;
    bool found;
    if (dw_value_block(value, expression, size))
        return true;
    if (value->form == DW_FORM_loclistx)
        found =
            dw_unit_list(unit, DW_SECTION_LOCLISTS, unit->loclists_base, value->number, &offset) &&
            search(unit, DW_SECTION_LOCLISTS, offset, next_in_list, address, &entry);
    else if (!dw_value_is_offset(value))
        return false;
    else if (unit->version >= 5)
        found = search(unit, DW_SECTION_LOCLISTS, offset, next_in_list, address, &entry);
    else
        found = search(unit, DW_SECTION_LOC, offset, unit->info->split ? next_split : next_old,
                       address, &entry);
    if (found) {
        *expression = entry.expression;
        *size = entry.size;
    }
    return found;
}
