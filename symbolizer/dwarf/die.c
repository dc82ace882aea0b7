/* SPDX-License-Identifier: MIT */
#include "symbolizer/dwarf/die.h"

#include "symbolizer/dwarf/bytes.h"
#include "symbolizer/dwarf/value.h"

enum { ORIGINS_LIMIT = 16 };

static struct bytes unit_bytes(struct dw_unit *unit, uint64_t offset) {
    struct dw_slice entries = dw_unit_entries(unit);
    if (offset < unit->first || offset >= unit->end || unit->end > entries.size)
        return bytes_none();
    return (struct bytes){entries.data + offset, entries.data + unit->end, false};
}

static bool read_entry(struct dw_unit *unit, struct bytes *bytes, struct dw_die *ret) {
    struct dw_slice entries = dw_unit_entries(unit);
    uint64_t offset = (uint64_t)(bytes->at - entries.data);
    uint64_t code = bytes_uleb(bytes);
    const struct dw_abbrev *abbrev =
        code == 0 || bytes->bad ? NULL : dw_abbrevs_find(unit->abbrevs, code);
    if (!abbrev)
        return false;
    *ret = (struct dw_die){unit, abbrev, bytes->at, offset};
    return true;
}

bool dw_die_at(struct dw_unit *unit, uint64_t offset, struct dw_die *ret) {
    if (!dw_unit_load(unit))
        return false;
    struct bytes bytes = unit_bytes(unit, offset);
    return !bytes.bad && read_entry(unit, &bytes, ret);
}

bool dw_unit_root(struct dw_unit *unit, struct dw_die *ret) {
    return dw_die_at(unit, unit->first, ret);
}

/* Goes behind the attributes; the offset of the next sibling, or 0 if they do not say. */
static uint64_t skip_attributes(struct dw_unit *unit, const struct dw_abbrev *abbrev,
                                struct bytes *bytes) {
    uint64_t sibling = 0;
    if (abbrev->size != DW_ABBREV_VARIABLE) {
        if (abbrev->sibling != DW_ABBREV_VARIABLE && abbrev->sibling_form == DW_FORM_ref4 &&
            bytes_left(bytes) >= abbrev->size) {
            uint32_t reference;
            memcpy(&reference, bytes->at + abbrev->sibling, sizeof(reference));
            sibling = unit->offset + reference;
        }
        bytes_block(bytes, abbrev->size);
        return sibling;
    }
    const struct dw_attribute_spec *spec = &unit->abbrevs->attributes[abbrev->first];
    for (size_t i = 0; i < abbrev->n; i++, spec++) {
        int size = dw_form_size(spec->form, unit->abbrevs->sizes);
        if (size >= 0 && spec->name != DW_AT_sibling) {
            bytes_block(bytes, (uint64_t)size);
            continue;
        }
        struct dw_value value;
        if (!dw_value_read(bytes, unit, spec, &value)) {
            bytes_spoil(bytes);
            return 0;
        }
        if (spec->name == DW_AT_sibling && value.form != DW_FORM_ref_addr)
            sibling = unit->offset + value.number;
    }
    return sibling;
}

/* Behind all that an entry holds. */
static bool skip_children(struct dw_unit *unit, struct bytes *bytes) {
    const uint8_t *entries = dw_unit_entries(unit).data;
    for (size_t depth = 1; depth > 0;) {
        uint64_t code = bytes_uleb(bytes);
        if (bytes->bad)
            return false;
        if (code == 0) {
            depth--;
            continue;
        }
        const struct dw_abbrev *abbrev = dw_abbrevs_find(unit->abbrevs, code);
        if (!abbrev)
            return false;
        uint64_t sibling = skip_attributes(unit, abbrev, bytes);
        if (!abbrev->children)
            continue;
        if (sibling > (uint64_t)(bytes->at - entries) && sibling < unit->end)
            bytes->at = entries + sibling;
        else
            depth++;
    }
    return !bytes->bad;
}

bool dw_die_child(const struct dw_die *die, struct dw_die *ret) {
    if (!die->abbrev->children)
        return false;
    struct dw_slice entries = dw_unit_entries(die->unit);
    struct bytes bytes = {die->attributes, entries.data + die->unit->end, false};
    skip_attributes(die->unit, die->abbrev, &bytes);
    return read_entry(die->unit, &bytes, ret);
}

bool dw_die_next_sibling(struct dw_die *die) {
    struct dw_unit *unit = die->unit;
    struct dw_slice entries = dw_unit_entries(unit);
    struct bytes bytes = {die->attributes, entries.data + unit->end, false};
    uint64_t sibling = skip_attributes(unit, die->abbrev, &bytes);
    if (die->abbrev->children) {
        if (sibling > (uint64_t)(bytes.at - entries.data) && sibling < unit->end)
            bytes.at = entries.data + sibling;
        else if (!skip_children(unit, &bytes))
            return false;
    }
    return read_entry(unit, &bytes, die);
}

bool dw_die_attribute(const struct dw_die *die, unsigned name, struct dw_value *ret) {
    struct dw_unit *unit = die->unit;
    const struct dw_attribute_spec *spec = &unit->abbrevs->attributes[die->abbrev->first];
    struct dw_slice entries = dw_unit_entries(unit);
    struct bytes bytes = {die->attributes, entries.data + unit->end, false};
    for (size_t i = 0; i < die->abbrev->n; i++, spec++) {
        if (spec->name == name)
            return dw_value_read(&bytes, unit, spec, ret);
        int size = dw_form_size(spec->form, unit->abbrevs->sizes);
        struct dw_value skipped;
        if (size >= 0)
            bytes_block(&bytes, (uint64_t)size);
        else if (!dw_value_read(&bytes, unit, spec, &skipped))
            return false;
    }
    return false;
}

static bool origin(const struct dw_die *die, struct dw_die *ret) {
    return dw_die_reference(die, DW_AT_abstract_origin, ret) ||
           dw_die_reference(die, DW_AT_specification, ret);
}

bool dw_die_inherited(const struct dw_die *die, unsigned name, struct dw_value *ret) {
    struct dw_die at = *die;
    for (size_t i = 0; i < ORIGINS_LIMIT; i++) {
        if (dw_die_attribute(&at, name, ret))
            return true;
        if (!origin(&at, &at) && !dw_die_reference(&at, DW_AT_signature, &at))
            return false;
    }
    return false;
}

struct dw_die dw_die_declaration(struct dw_die die) {
    for (size_t i = 0; i < ORIGINS_LIMIT && origin(&die, &die);)
        i++;
    return die;
}

bool dw_die_unsigned(const struct dw_die *die, unsigned name, uint64_t *ret) {
    struct dw_value value;
    return dw_die_attribute(die, name, &value) && dw_value_unsigned(&value, ret);
}

bool dw_die_flag(const struct dw_die *die, unsigned name) {
    struct dw_value value;
    return dw_die_attribute(die, name, &value) && value.number != 0;
}

const char *dw_die_string(const struct dw_die *die, unsigned name) {
    struct dw_value value;
    return dw_die_attribute(die, name, &value) ? dw_value_string(&value) : NULL;
}

const char *dw_die_inherited_string(const struct dw_die *die, unsigned name) {
    struct dw_value value;
    return dw_die_inherited(die, name, &value) ? dw_value_string(&value) : NULL;
}

bool dw_die_reference(const struct dw_die *die, unsigned name, struct dw_die *ret) {
    struct dw_value value;
    return dw_die_attribute(die, name, &value) && dw_value_reference(&value, ret);
}
