/* SPDX-License-Identifier: MIT */
/* Containers of libstdc++. Their nodes may not have been captured, or may be part of the crash. */
#include <inttypes.h>
#include <string.h>

#include "symbolizer/values_cxx.h"

enum {
    CHUNK_BYTES = 512, /* of a deque */
    LIST_VALUE = 16,   /* in a node of a list, behind two pointers */
    TREE_VALUE = 32,   /* of a tree, behind its color and three pointers */
    HASH_VALUE = 8,    /* of a hash table, and of a forward_list, behind one */
    PAIRS_MAX = PRINTER_ELEMENTS / 2,
    TREE_DEPTH = 64,
};

static bool argument(const struct object *object, unsigned n, struct dw_die *ret) {
    struct dw_die type;
    return type_strip(&object->type, &type) && type_argument(&type, n, ret);
}

static bool word_at(const struct printer *printer, uint64_t address, uint64_t *ret) {
    return activation_memory(printer->activation, address, ret, sizeof(*ret)) == sizeof(*ret);
}

static const char *elements(uint64_t n) {
    return n == 1 ? "element" : "elements";
}

static bool vector_of_bits(struct printer *printer, const struct object *object, const char *name) {
    uint64_t start, finish, offset, end;
    uint8_t byte;
    if (!value_member_number(printer, object, "_M_impl._M_start._M_p", &start) ||
        !value_member_number(printer, object, "_M_impl._M_finish._M_p", &finish) ||
        !value_member_number(printer, object, "_M_impl._M_finish._M_offset", &offset) ||
        !value_member_number(printer, object, "_M_impl._M_end_of_storage", &end) || finish < start)
        return false;
    uint64_t length = (finish - start) * 8 + (offset & 63), capacity = (end - start) * 8;
    printer_format(printer, "%s<bool> of length %" PRIu64 ", capacity %" PRIu64, name, length,
                   capacity);
    for (uint64_t i = 0; i < length; i++) {
        if (i >= PRINTER_ELEMENTS ||
            activation_memory(printer->activation, start + i / 8, &byte, 1) != 1) {
            printer_add(printer, "...");
            break;
        }
        printer_format(printer, "%s%s", i ? ", " : " = {", byte >> i % 8 & 1 ? "true" : "false");
    }
    if (length)
        printer_add(printer, "}");
    return true;
}

static void add_array(struct printer *printer, const struct dw_die *type, uint64_t address,
                      uint64_t n, uint64_t size) {
    struct place place;
    struct object first = value_at(type, address, &place);
    if (n == 0)
        return;
    printer_add(printer, " = {");
    value_elements(printer, &first, n, size);
    printer_add(printer, "}");
}

bool std_vector(struct printer *printer, const struct object *object, const char *name) {
    struct dw_die type, stripped;
    uint64_t start, finish, end, encoding;
    if (!argument(object, 0, &type))
        return false;
    if (type_strip(&type, &stripped) && dw_die_unsigned(&stripped, DW_AT_encoding, &encoding) &&
        encoding == DW_ATE_boolean)
        return vector_of_bits(printer, object, name);
    uint64_t size = type_size(printer->activation, &type);
    if (size == 0 || !value_member_number(printer, object, "_M_impl._M_start", &start) ||
        !value_member_number(printer, object, "_M_impl._M_finish", &finish))
        return false;
    int64_t length = (int64_t)(finish - start) / (int64_t)size;
    printer_format(printer, "%s of length %" PRId64 ", capacity ", name, length);
    if (value_member_number(printer, object, "_M_impl._M_end_of_storage", &end))
        printer_format(printer, "%" PRId64, (int64_t)(end - start) / (int64_t)size);
    else
        printer_outcome(printer, OUTCOME_OPTIMIZED_OUT);
    if (length > 0)
        add_array(printer, &type, start, (uint64_t)length, size);
    return true;
}

static bool sized_array(struct printer *printer, const struct object *object, const char *name,
                        const char *data, const char *length) {
    struct dw_die type;
    uint64_t address, n;
    if (!argument(object, 0, &type) || !value_member_number(printer, object, data, &address) ||
        !value_member_number(printer, object, length, &n))
        return false;
    printer_format(printer, "%s of length %" PRIu64, name, n);
    add_array(printer, &type, address, n, type_size(printer->activation, &type));
    return true;
}

bool std_initializer_list(struct printer *printer, const struct object *object, const char *name) {
    return sized_array(printer, object, name, "_M_array", "_M_len");
}

bool std_span(struct printer *printer, const struct object *object, const char *name) {
    return sized_array(printer, object, name, "_M_ptr", "_M_extent._M_extent_value");
}

bool std_deque(struct printer *printer, const struct object *object, const char *name) {
    struct dw_die type;
    uint64_t current, last, node, end_current, end_first, end_node;
    if (!argument(object, 0, &type) ||
        !value_member_number(printer, object, "_M_impl._M_start._M_cur", &current) ||
        !value_member_number(printer, object, "_M_impl._M_start._M_last", &last) ||
        !value_member_number(printer, object, "_M_impl._M_start._M_node", &node) ||
        !value_member_number(printer, object, "_M_impl._M_finish._M_cur", &end_current) ||
        !value_member_number(printer, object, "_M_impl._M_finish._M_first", &end_first) ||
        !value_member_number(printer, object, "_M_impl._M_finish._M_node", &end_node))
        return false;
    uint64_t size = type_size(printer->activation, &type);
    if (size == 0)
        return false;
    uint64_t chunk = size < CHUNK_BYTES ? CHUNK_BYTES / size : 1;
    uint64_t length = chunk * ((end_node - node) / 8 - 1) + (last - current) / size +
                      (end_current - end_first) / size;
    printer_format(printer, "%s with %" PRIu64 " %s", name, length, elements(length));
    if (length == 0)
        return true;
    printer_add(printer, " = {");
    for (uint64_t i = 0; i < length; i++) {
        struct place place;
        if (i >= PRINTER_ELEMENTS || printer->full || !activation_spend(printer->activation, 1)) {
            printer_add(printer, "...");
            break;
        }
        if (i > 0)
            printer_add(printer, ", ");
        struct object element = value_at(&type, current, &place);
        value_print(printer, &element);
        current += size;
        if (current != last)
            continue;
        node += 8;
        if (!word_at(printer, node, &current)) {
            printer_add(printer, i + 1 < length ? ", <not captured>" : "");
            break;
        }
        last = current + chunk * size;
    }
    printer_add(printer, "}");
    return true;
}

/* Elements with their number, as gdb shows what is no array. */
static bool add_numbered(struct printer *printer, const struct dw_die *type, uint64_t address,
                         uint64_t n) {
    struct place place;
    if (n >= PRINTER_ELEMENTS || printer->full || !activation_spend(printer->activation, 1)) {
        printer_add(printer, "...");
        return false;
    }
    printer_format(printer, "%s[%" PRIu64 "] = ", n ? ", " : "", n);
    struct object element = value_at(type, address, &place);
    value_print(printer, &element);
    return true;
}

static void add_chain(struct printer *printer, const struct dw_die *type, uint64_t node,
                      uint64_t end, uint64_t value_offset) {
    printer_add(printer, " = {");
    for (uint64_t i = 0; node != end && node; i++) {
        if (!add_numbered(printer, type, node + value_offset, i))
            break;
        if (!word_at(printer, node, &node)) {
            printer_add(printer, ", <not captured>");
            break;
        }
    }
    printer_add(printer, "}");
}

bool std_list(struct printer *printer, const struct object *object, const char *name) {
    struct object head;
    struct dw_die type;
    uint64_t node, end;
    if (!argument(object, 0, &type) || !value_member(printer, object, "_M_impl", &head) ||
        !value_member(printer, &head, "_M_node", &head) ||
        !place_address(head.place, head.bit, &end) ||
        !value_member_number(printer, &head, "_M_next", &node))
        return false;
    if (node == end) {
        printer_format(printer, "empty %s", name);
        return true;
    }
    printer_add(printer, name);
    add_chain(printer, &type, node, end, LIST_VALUE);
    return true;
}

bool std_forward_list(struct printer *printer, const struct object *object, const char *name) {
    struct dw_die type;
    uint64_t node;
    if (!argument(object, 0, &type) ||
        !value_member_number(printer, object, "_M_impl._M_head._M_next", &node))
        return false;
    if (node == 0) {
        printer_format(printer, "empty %s", name);
        return true;
    }
    printer_add(printer, name);
    add_chain(printer, &type, node, 0, HASH_VALUE);
    return true;
}

static bool is_map(const char *name) {
    size_t length = strlen(name);
    return length >= 3 && strcmp(name + length - 3, "map") == 0;
}

/* An element of a map ("[key] = value") or set ("[number] = key"). type: of what the node holds. */
static bool add_entry(struct printer *printer, const struct dw_die *type, uint64_t address,
                      uint64_t n, bool map) {
    struct place place;
    struct object first, second;
    if (!map)
        return add_numbered(printer, type, address, n);
    if (n >= PAIRS_MAX || printer->full || !activation_spend(printer->activation, 1)) {
        printer_add(printer, "...");
        return false;
    }
    struct object pair = value_at(type, address, &place);
    if (!value_member(printer, &pair, "first", &first) ||
        !value_member(printer, &pair, "second", &second))
        return false;
    printer_add(printer, n ? ", [" : "[");
    value_print(printer, &first);
    printer_add(printer, "] = ");
    value_print(printer, &second);
    return true;
}

struct tree_node {
    uint64_t color, parent, left, right;
};

static bool node_at(const struct printer *printer, uint64_t address, struct tree_node *ret) {
    return activation_memory(printer->activation, address, ret, sizeof(*ret)) == sizeof(*ret);
}

/* What follows in order; false at the end, and where memory or sense ends. */
static bool next_node(const struct printer *printer, uint64_t *address) {
    struct tree_node node;
    uint64_t at = *address;
    if (!node_at(printer, at, &node))
        return false;
    if (node.right) {
        at = node.right;
        for (unsigned i = 0; i < TREE_DEPTH; i++) {
            if (!node_at(printer, at, &node))
                return false;
            if (!node.left) {
                *address = at;
                return true;
            }
            at = node.left;
        }
        return false;
    }
    for (unsigned i = 0; i < TREE_DEPTH; i++) {
        uint64_t parent = node.parent;
        if (!node_at(printer, parent, &node))
            return false;
        if (node.right != at) {
            *address = parent;
            return true;
        }
        at = parent;
    }
    return false;
}

bool std_tree(struct printer *printer, const struct object *object, const char *name) {
    struct object tree;
    struct dw_die type;
    uint64_t count, node;
    bool map = is_map(name);
    if (!value_member(printer, object, "_M_t", &tree) || !argument(&tree, map ? 1 : 0, &type) ||
        !value_member_number(printer, &tree, "_M_impl._M_node_count", &count) ||
        !value_member_number(printer, &tree, "_M_impl._M_header._M_left", &node))
        return false;
    printer_format(printer, "%s with %" PRIu64 " %s", name, count, elements(count));
    if (count == 0)
        return true;
    printer_add(printer, " = {");
    for (uint64_t i = 0; i < count; i++) {
        if (!add_entry(printer, &type, node + TREE_VALUE, i, map))
            break;
        if (i + 1 < count && !next_node(printer, &node)) {
            printer_add(printer, ", <not captured>");
            break;
        }
    }
    printer_add(printer, "}");
    return true;
}

bool std_hash(struct printer *printer, const struct object *object, const char *name) {
    struct object table;
    struct dw_die type;
    uint64_t count, node;
    bool map = is_map(name);
    if (!value_member(printer, object, "_M_h", &table) || !argument(&table, map ? 1 : 0, &type) ||
        !value_member_number(printer, &table, "_M_element_count", &count) ||
        !value_member_number(printer, &table, "_M_before_begin._M_nxt", &node))
        return false;
    printer_format(printer, "%s with %" PRIu64 " %s", name, count, elements(count));
    if (count == 0)
        return true;
    printer_add(printer, " = {");
    for (uint64_t i = 0; i < count && node; i++) {
        if (!add_entry(printer, &type, node + HASH_VALUE, i, map))
            break;
        if (!word_at(printer, node, &node)) {
            printer_add(printer, i + 1 < count ? ", <not captured>" : "");
            break;
        }
    }
    printer_add(printer, "}");
    return true;
}
