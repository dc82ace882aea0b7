/* SPDX-License-Identifier: MIT */
/* Structures and enumerations of Rust. */
#include "symbolizer/values_rust.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

enum { NAME_MAX_BYTES = 1024, MEMBERS_LIMIT = 256 };

static const struct {
    const char *name;
    value_class print;
} CLASSES[] = {
    {"alloc::string::String", rust_string},
    {"alloc::vec::Vec<", rust_vector},
    {"alloc::collections::vec_deque::VecDeque<", rust_deque},
    {"alloc::rc::Rc<", rust_counted},
    {"alloc::sync::Arc<", rust_counted},
    {"std::collections::hash::map::HashMap<", rust_hash},
    {"std::collections::hash::set::HashSet<", rust_hash},
    {"alloc::collections::btree::map::BTreeMap<", rust_tree},
    {"alloc::collections::btree::set::BTreeSet<", rust_tree},
};

static bool first_child(const struct dw_die *type, unsigned tag, struct dw_die *ret) {
    if (!dw_die_child(type, ret))
        return false;
    while (dw_die_tag(ret) != tag)
        if (!dw_die_next_sibling(ret))
            return false;
    return true;
}

/* "__0" */
static bool is_number(const char *name) {
    return name && strncmp(name, "__", 2) == 0 && name[2] >= '0' && name[2] <= '9';
}

/* The members of a structure in brackets, round ones where they have numbers for names. */
static void add_members(struct printer *printer, const struct object *object,
                        const struct dw_die *type, const char *blank) {
    struct dw_die child;
    struct member member;
    size_t n = 0;
    bool numbers = false;
    if (!dw_die_child(type, &child))
        return;
    while (child.abbrev && n < MEMBERS_LIMIT && !printer->full &&
           type_next_member(printer->activation, &child, NULL, &member)) {
        if (member.is_static)
            continue;
        struct object at = {
            .type = member.type, .place = object->place, .bit = object->bit + member.bit};
        if (n == 0) {
            numbers = is_number(member.name);
            printer_format(printer, "%s%s", blank, numbers ? "(" : "{");
        } else {
            printer_add(printer, ", ");
        }
        n++;
        if (!numbers && member.name)
            printer_format(printer, "%.200s: ", member.name);
        if (member.name && printer->is_secret && printer->is_secret(member.name))
            printer_add(printer, PRINTER_HIDDEN);
        else
            value_print(printer, &at);
    }
    if (n > 0)
        printer_add(printer, numbers ? ")" : "}");
}

/* The member that says which variant it is; false if there is only one. */
static bool discriminant(const struct printer *printer, const struct object *object,
                         const struct dw_die *part, uint64_t *ret, enum outcome *outcome) {
    struct dw_die die, type;
    uint64_t offset = 0;
    if (!dw_die_reference(part, DW_AT_discr, &die) || !type_of(&die, &type))
        return false;
    dw_die_unsigned(&die, DW_AT_data_member_location, &offset);
    uint64_t bits = type_size(printer->activation, &type) * 8;
    *outcome = printer_number(printer, object->place, object->bit + offset * 8, bits, ret);
    return true;
}

static bool choose_variant(struct printer *printer, const struct object *object,
                           const struct dw_die *part, struct dw_die *ret, enum outcome *outcome) {
    struct dw_die child;
    uint64_t value = 0, wanted;
    bool found = false, has_value = discriminant(printer, object, part, &value, outcome);
    if ((has_value && *outcome != OUTCOME_OK) || !dw_die_child(part, &child))
        return false;
    do {
        if (dw_die_tag(&child) != DW_TAG_variant || !activation_spend(printer->activation, 1))
            continue;
        if (!dw_die_unsigned(&child, DW_AT_discr_value, &wanted)) {
            *ret = child;
            found = true;
        } else if (has_value && wanted == value) {
            *ret = child;
            return true;
        }
    } while (dw_die_next_sibling(&child));
    return found;
}

static void add_variant(struct printer *printer, const struct object *object,
                        const struct dw_die *part, const char *name) {
    struct dw_die variant, member, type;
    enum outcome outcome = OUTCOME_OK;
    if (!choose_variant(printer, object, part, &variant, &outcome) ||
        !first_child(&variant, DW_TAG_member, &member) || !type_target(&member, &type)) {
        printer_outcome(printer, outcome == OUTCOME_OK ? OUTCOME_NOT_CAPTURED : outcome);
        return;
    }
    uint64_t offset = 0;
    const char *own = dw_die_string(&member, DW_AT_name);
    dw_die_unsigned(&member, DW_AT_data_member_location, &offset);
    struct object inside = {.type = type, .place = object->place, .bit = object->bit + offset * 8};
    printer_format(printer, "%.400s::%.100s", name, own ? own : "");
    add_members(printer, &inside, &type, "");
}

static bool add_class(struct printer *printer, const struct object *object, const char *name) {
    for (size_t i = 0; i < sizeof(CLASSES) / sizeof(*CLASSES); i++)
        if (text_starts_with(name, CLASSES[i].name))
            return CLASSES[i].print(printer, object, name);
    return rust_slice(printer, object, name);
}

bool value_rust(struct printer *printer, const struct object *object) {
    struct dw_die type, part;
    char name[NAME_MAX_BYTES];
    if (!printer_is_rust(printer) || !type_strip(&object->type, &type))
        return false;
    type_name(&type, name, sizeof(name));
    if (add_class(printer, object, name))
        return true;
    if (first_child(&type, DW_TAG_variant_part, &part)) {
        add_variant(printer, object, &part, name);
        return true;
    }
    if (name[0] != '(')
        printer_format(printer, "%.400s", name);
    add_members(printer, object, &type, name[0] == '(' ? "" : " ");
    return true;
}
