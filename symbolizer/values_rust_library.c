/* SPDX-License-Identifier: MIT */
/* Texts, containers and counted pointers of Rust's library. Where they keep what they hold changes
 * from one version to the next: a pointer is looked for under its name, wherever it is. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "symbolizer/values_rust.h"

enum { NESTING = 8, BUCKETS_MAX = 4096, COUNTS = 16 };

static const struct quote_kind BYTES = {1, ""};

/* The first pointer in it. */
static bool find_pointer(const struct printer *printer, const struct object *object, unsigned depth,
                         struct object *ret) {
    struct dw_die type, child;
    struct member member;
    if (depth > NESTING || !type_strip(&object->type, &type))
        return false;
    if (dw_die_tag(&type) == DW_TAG_pointer_type) {
        *ret = *object;
        return true;
    }
    if (!type_is_structure(&type) || !dw_die_child(&type, &child))
        return false;
    while (child.abbrev && type_next_member(printer->activation, &child, NULL, &member)) {
        struct object at = {
            .type = member.type, .place = object->place, .bit = object->bit + member.bit};
        if (!member.is_static && find_pointer(printer, &at, depth + 1, ret))
            return true;
    }
    return false;
}

static bool pointer_in(const struct printer *printer, const struct object *object,
                       const char *member, uint64_t *ret) {
    struct object at;
    return value_member(printer, object, member, &at) && find_pointer(printer, &at, 0, &at) &&
           value_number(printer, &at, ret);
}

static bool vector_of(const struct printer *printer, const struct object *object, uint64_t *address,
                      uint64_t *length) {
    return pointer_in(printer, object, "buf", address) &&
           value_member_number(printer, object, "len", length);
}

bool rust_string(struct printer *printer, const struct object *object, const char *name) {
    struct object vector;
    uint64_t address, length;
    if (!value_member(printer, object, "vec", &vector) ||
        !vector_of(printer, &vector, &address, &length))
        return false;
    quote_sized(printer, address, length, BYTES);
    return true;
}

bool rust_slice(struct printer *printer, const struct object *object, const char *name) {
    struct object data;
    struct dw_die element;
    struct place place;
    uint64_t address, length;
    if (!value_member(printer, object, "data_ptr", &data) ||
        !value_number(printer, &data, &address) ||
        !value_member_number(printer, object, "length", &length))
        return false;
    if (text_ends_with(name, "str") || text_ends_with(name, "str>")) {
        quote_sized(printer, address, length, BYTES);
        return true;
    }
    struct dw_die pointer;
    if (!type_strip(&data.type, &pointer) || !type_of(&pointer, &element))
        return false;
    struct object first = value_at(&element, address, &place);
    printer_format(printer, "%.200s [", name);
    value_elements(printer, &first, length, type_size(printer->activation, &element));
    printer_add(printer, "]");
    return true;
}

static void add_array(struct printer *printer, const struct dw_die *type, uint64_t address,
                      uint64_t n) {
    struct place place;
    struct object first = value_at(type, address, &place);
    if (n == 0)
        return;
    printer_add(printer, " = {");
    value_elements(printer, &first, n, type_size(printer->activation, type));
    printer_add(printer, "}");
}

static bool argument(const struct object *object, struct dw_die *ret) {
    struct dw_die type;
    return type_strip(&object->type, &type) && type_argument(&type, 0, ret);
}

bool rust_vector(struct printer *printer, const struct object *object, const char *name) {
    struct dw_die type;
    uint64_t address, length;
    if (!argument(object, &type) || !vector_of(printer, object, &address, &length))
        return false;
    printer_format(printer, "Vec(size=%" PRIu64 ")", length);
    add_array(printer, &type, address, length);
    return true;
}

bool rust_deque(struct printer *printer, const struct object *object, const char *name) {
    struct dw_die type;
    uint64_t address, length, head;
    if (!argument(object, &type) || !vector_of(printer, object, &address, &length) ||
        !value_member_number(printer, object, "head", &head))
        return false;
    printer_format(printer, "VecDeque(size=%" PRIu64 ")", length);
    struct object capacity;
    uint64_t size = type_size(printer->activation, &type), cap = 0;
    /* A ring: what does not fit behind the head goes on at the beginning. */
    if (!value_member(printer, object, "buf", &capacity) ||
        (!value_member_number(printer, &capacity, "inner.cap.__0", &cap) &&
         !value_member_number(printer, &capacity, "cap.__0", &cap)))
        return true;
    if (head <= cap && length <= cap - head)
        add_array(printer, &type, address + head * size, length);
    return true;
}

/* Pointers to what two counts stand before. */
bool rust_counted(struct printer *printer, const struct object *object, const char *name) {
    struct object pointer, value;
    struct dw_die inner;
    struct place place;
    uint64_t address, counts[COUNTS / 8];
    const char *word = text_starts_with(name, "alloc::rc") ? "Rc" : "Arc";
    if (!value_member(printer, object, "ptr", &pointer) ||
        !find_pointer(printer, &pointer, 0, &pointer) || !value_number(printer, &pointer, &address))
        return false;
    if (activation_memory(printer->activation, address, counts, sizeof(counts)) != sizeof(counts) ||
        !type_target(&pointer.type, &inner)) {
        printer_format(printer, "%s(0x%" PRIx64 ")", word, address);
        return true;
    }
    printer_format(printer, "%s(strong=%" PRIu64 ", weak=%" PRIu64 ")", word, counts[0],
                   counts[1] - 1);
    struct object whole = value_at(&inner, address, &place);
    if (value_member(printer, &whole, "value", &value) ||
        value_member(printer, &whole, "data", &value)) {
        printer_add(printer, " = {value = ");
        value_print(printer, &value);
        printer_format(printer, ", strong = %" PRIu64 ", weak = %" PRIu64 "}", counts[0],
                       counts[1] - 1);
    }
    return true;
}

static void add_buckets(struct printer *printer, const struct dw_die *entry, uint64_t control,
                        uint64_t mask, bool map) {
    uint64_t size = type_size(printer->activation, entry), shown = 0;
    uint8_t full;
    printer_add(printer, " = {");
    for (uint64_t i = 0; i <= mask && i < BUCKETS_MAX && !printer->full; i++) {
        struct place place;
        struct object first, second;
        if (activation_memory(printer->activation, control + i, &full, 1) != 1) {
            printer_format(printer, "%s<not captured>", shown ? ", " : "");
            break;
        }
        if (full & 0x80)
            continue;
        if (shown >= PRINTER_ELEMENTS || !activation_spend(printer->activation, 1)) {
            printer_add(printer, "...");
            break;
        }
        struct object pair = value_at(entry, control - (i + 1) * size, &place);
        if (!value_member(printer, &pair, "__0", &first) ||
            (map && !value_member(printer, &pair, "__1", &second)))
            break;
        printer_add(printer, shown++ ? ", " : "");
        printer_add(printer, map ? "[" : "");
        value_print(printer, &first);
        if (map) {
            printer_add(printer, "] = ");
            value_print(printer, &second);
        }
    }
    printer_add(printer, "}");
}

bool rust_hash(struct printer *printer, const struct object *object, const char *name) {
    struct object at = *object, table;
    struct dw_die entry;
    uint64_t items, mask, control;
    bool map = text_starts_with(name, "std::collections::hash::map");
    for (unsigned i = 0; i < NESTING; i++)
        if (!value_member(printer, &at, "base", &at) && !value_member(printer, &at, "map", &at))
            break;
    if (!value_member(printer, &at, "table", &table) || !argument(&table, &entry) ||
        !value_member_number(printer, &table, "table.items", &items) ||
        !value_member_number(printer, &table, "table.bucket_mask", &mask) ||
        !value_member(printer, &table, "table", &at) || !pointer_in(printer, &at, "ctrl", &control))
        return false;
    printer_format(printer, "%s(size=%" PRIu64 ")", map ? "HashMap" : "HashSet", items);
    if (items > 0)
        add_buckets(printer, &entry, control, mask, map);
    return true;
}

bool rust_tree(struct printer *printer, const struct object *object, const char *name) {
    struct object at = *object;
    uint64_t length;
    bool map = text_starts_with(name, "alloc::collections::btree::map");
    if (!map && !value_member(printer, object, "map", &at))
        return false;
    if (!value_member_number(printer, &at, "length", &length))
        return false;
    printer_format(printer, "%s(size=%" PRIu64 ")", map ? "BTreeMap" : "BTreeSet", length);
    return true;
}
