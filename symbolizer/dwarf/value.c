/* SPDX-License-Identifier: MIT */
#include "symbolizer/dwarf/value.h"

#include "symbolizer/dwarf/info.h"

static bool read_block(struct bytes *bytes, uint64_t size, struct dw_value *value) {
    value->block = bytes_block(bytes, size);
    value->size = (size_t)size;
    return value->block != NULL;
}

bool dw_value_read(struct bytes *bytes, struct dw_unit *unit, const struct dw_attribute_spec *spec,
                   struct dw_value *ret) {
    unsigned form = spec->form;
    if (form == DW_FORM_indirect)
        form = (unsigned)bytes_uleb(bytes);
    struct dw_value value = {.unit = unit, .form = form};
    struct dw_sizes sizes = {unit->address_size, unit->offset_size, (uint8_t)unit->version};
    int size = dw_form_size(form, sizes);
    switch (form) {
    case DW_FORM_implicit_const:
        value.number = (uint64_t)spec->constant;
        break;
    case DW_FORM_flag_present:
        value.number = 1;
        break;
    case DW_FORM_sdata:
        value.number = (uint64_t)bytes_sleb(bytes);
        break;
    case DW_FORM_udata:
    case DW_FORM_ref_udata:
    case DW_FORM_strx:
    case DW_FORM_addrx:
    case DW_FORM_loclistx:
    case DW_FORM_rnglistx:
    case DW_FORM_GNU_addr_index:
    case DW_FORM_GNU_str_index:
        value.number = bytes_uleb(bytes);
        break;
    case DW_FORM_string:
        value.block = (const uint8_t *)bytes_string(bytes);
        break;
    case DW_FORM_block1:
        read_block(bytes, bytes_u8(bytes), &value);
        break;
    case DW_FORM_block2:
        read_block(bytes, bytes_u16(bytes), &value);
        break;
    case DW_FORM_block4:
        read_block(bytes, bytes_u32(bytes), &value);
        break;
    case DW_FORM_block:
    case DW_FORM_exprloc:
        read_block(bytes, bytes_uleb(bytes), &value);
        break;
    case DW_FORM_data16:
        read_block(bytes, 16, &value);
        break;
    default:
        if (size < 0)
            return false;
        value.number = bytes_unsigned(bytes, (size_t)size);
    }
    if (bytes->bad)
        return false;
    *ret = value;
    return true;
}

static const char *string_at(struct dw_slice section, uint64_t offset) {
    if (offset >= section.size || !memchr(section.data + offset, 0, section.size - offset))
        return NULL;
    return (const char *)section.data + offset;
}

static const char *indexed_string(struct dw_unit *unit, uint64_t index) {
    struct dw_slice offsets = dw_unit_section(unit, DW_SECTION_STR_OFFSETS);
    uint64_t size = unit->offset_size;
    if (unit->str_offsets_base > offsets.size ||
        index >= (offsets.size - unit->str_offsets_base) / size)
        return NULL;
    struct bytes bytes =
        bytes_of(offsets.data, offsets.size, unit->str_offsets_base + index * size);
    uint64_t offset = bytes_unsigned(&bytes, size);
    return bytes.bad ? NULL : string_at(dw_unit_section(unit, DW_SECTION_STR), offset);
}

const char *dw_value_string(const struct dw_value *value) {
    struct dw_info *alternate = value->unit->info->alternate;
    switch (value->form) {
    case DW_FORM_string:
        return (const char *)value->block;
    case DW_FORM_strp:
        return string_at(dw_unit_section(value->unit, DW_SECTION_STR), value->number);
    case DW_FORM_line_strp:
        return string_at(dw_unit_section(value->unit, DW_SECTION_LINE_STR), value->number);
    case DW_FORM_strx:
    case DW_FORM_strx1:
    case DW_FORM_strx2:
    case DW_FORM_strx3:
    case DW_FORM_strx4:
    case DW_FORM_GNU_str_index:
        return indexed_string(value->unit, value->number);
    case DW_FORM_strp_sup:
    case DW_FORM_GNU_strp_alt:
        return alternate
                   ? string_at(dw_sections_get(&alternate->sections, DW_SECTION_STR), value->number)
                   : NULL;
    default:
        return NULL;
    }
}

bool dw_value_unsigned(const struct dw_value *value, uint64_t *ret) {
    switch (value->form) {
    case DW_FORM_data1:
    case DW_FORM_data2:
    case DW_FORM_data4:
    case DW_FORM_data8:
    case DW_FORM_udata:
    case DW_FORM_sdata:
    case DW_FORM_implicit_const:
    case DW_FORM_flag:
    case DW_FORM_flag_present:
    case DW_FORM_sec_offset:
        *ret = value->number;
        return true;
    default:
        return false;
    }
}

bool dw_value_signed(const struct dw_value *value, int64_t *ret) {
    uint64_t number;
    if (!dw_value_unsigned(value, &number))
        return false;
    switch (value->form) {
    case DW_FORM_data1:
        *ret = (int64_t)(number ^ 0x80) - 0x80;
        break;
    case DW_FORM_data2:
        *ret = (int16_t)number;
        break;
    case DW_FORM_data4:
        *ret = (int32_t)number;
        break;
    default:
        *ret = (int64_t)number;
    }
    return true;
}

bool dw_unit_address(struct dw_unit *unit, uint64_t index, uint64_t *ret) {
    /* A split unit's addresses stand where the linker could reach them. */
    struct dw_unit *holder = unit->info->split ? unit->skeleton : unit;
    if (!holder)
        return false;
    struct dw_slice addresses = dw_unit_section(holder, DW_SECTION_ADDR);
    uint64_t size = holder->address_size;
    if (holder->addr_base > addresses.size || index >= (addresses.size - holder->addr_base) / size)
        return false;
    struct bytes bytes = bytes_of(addresses.data, addresses.size, holder->addr_base + index * size);
    *ret = bytes_unsigned(&bytes, size);
    return !bytes.bad;
}

bool dw_unit_list(struct dw_unit *unit, enum dw_section_id id, uint64_t base, uint64_t number,
                  uint64_t *ret) {
    struct dw_slice section = dw_unit_section(unit, id);
    uint64_t size = unit->offset_size;
    if (base > section.size || number >= (section.size - base) / size)
        return false;
    struct bytes bytes = bytes_of(section.data, section.size, base + number * size);
    *ret = base + bytes_unsigned(&bytes, size);
    return !bytes.bad;
}

bool dw_value_address(const struct dw_value *value, uint64_t *ret) {
    switch (value->form) {
    case DW_FORM_addr:
        *ret = value->number;
        return true;
    case DW_FORM_addrx:
    case DW_FORM_addrx1:
    case DW_FORM_addrx2:
    case DW_FORM_addrx3:
    case DW_FORM_addrx4:
    case DW_FORM_GNU_addr_index:
        return dw_unit_address(value->unit, value->number, ret);
    default:
        return false;
    }
}

bool dw_value_reference(const struct dw_value *value, struct dw_die *ret) {
    struct dw_unit *unit = value->unit;
    uint64_t offset = value->number;
    switch (value->form) {
    case DW_FORM_ref1:
    case DW_FORM_ref2:
    case DW_FORM_ref4:
    case DW_FORM_ref8:
    case DW_FORM_ref_udata:
        if (offset >= unit->end - unit->offset)
            return false;
        return dw_die_at(unit, unit->offset + offset, ret);
    case DW_FORM_ref_addr:
        unit = dw_info_unit_at(unit->info, offset);
        break;
    case DW_FORM_GNU_ref_alt:
    case DW_FORM_ref_sup4:
    case DW_FORM_ref_sup8:
        unit = unit->info->alternate ? dw_info_unit_at(unit->info->alternate, offset) : NULL;
        break;
    case DW_FORM_ref_sig8:
        unit = dw_info_type_unit(unit, value->number);
        offset = unit ? unit->offset + unit->type_offset : 0;
        break;
    default:
        return false;
    }
    return unit && dw_die_at(unit, offset, ret);
}

bool dw_value_block(const struct dw_value *value, const uint8_t **ret, size_t *size) {
    switch (value->form) {
    case DW_FORM_block1:
    case DW_FORM_block2:
    case DW_FORM_block4:
    case DW_FORM_block:
    case DW_FORM_exprloc:
    case DW_FORM_data16:
        *ret = value->block;
        *size = value->size;
        return true;
    default:
        return false;
    }
}

bool dw_value_is_offset(const struct dw_value *value) {
    /* Before DWARF 4 constants stood for offsets. */
    return value->form == DW_FORM_sec_offset ||
           (value->unit->version < 4 &&
            (value->form == DW_FORM_data4 || value->form == DW_FORM_data8));
}
