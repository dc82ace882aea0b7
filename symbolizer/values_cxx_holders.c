/* SPDX-License-Identifier: MIT */
/* Classes of libstdc++ that hold one thing, or a fixed number of them. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "symbolizer/values_cxx.h"

enum { NAME_MAX_BYTES = 512, ARGUMENTS_LIMIT = 32, TUPLE_LIMIT = 32, POINTER_BITS = 64 };
enum { USE_COUNT = 8 }; /* in std::_Sp_counted_base, behind the pointer to its functions */

static bool argument(const struct object *object, unsigned n, struct dw_die *ret) {
    struct dw_die type;
    return type_strip(&object->type, &type) && type_argument(&type, n, ret);
}

/* "std::optional<int>" */
static void add_name(struct printer *printer, const struct object *object, const char *name) {
    char text[NAME_MAX_BYTES] = "";
    struct dw_die type;
    if (argument(object, 0, &type))
        value_type_name(&type, text, sizeof(text));
    printer_format(printer, "%s<%.400s>", name, text);
}

static void add_pointer(struct printer *printer, const struct object *pointer) {
    printer_add(printer, " = {get() = ");
    value_print(printer, pointer);
    printer_add(printer, "}");
}

/* A tuple of n elements is one of n - 1 and a head. */
static bool tuple_element(const struct printer *printer, const struct object *tuple, unsigned n,
                          struct object *ret) {
    struct object at, base;
    char head[32];
    if (!value_base_named(printer, tuple, "_Tuple_impl<", &at))
        return false;
    for (unsigned i = 0; i < n; i++)
        if (!value_base_named(printer, &at, "_Tuple_impl<", &at))
            return false;
    snprintf(head, sizeof(head), "_Head_base<%u", n);
    if (!value_base_named(printer, &at, head, &base))
        return false;
    if (value_member(printer, &base, "_M_head_impl", ret))
        return true;
    /* Of an empty class the element is the base itself. */
    *ret = base;
    return argument(&base, 0, &ret->type);
}

bool std_unique_pointer(struct printer *printer, const struct object *object, const char *name) {
    struct object tuple, pointer;
    if (!value_member(printer, object, "_M_t", &tuple))
        return false;
    value_member(printer, &tuple, "_M_t", &tuple);
    if (!tuple_element(printer, &tuple, 0, &pointer))
        return false;
    add_name(printer, object, name);
    add_pointer(printer, &pointer);
    return true;
}

bool std_shared_pointer(struct printer *printer, const struct object *object, const char *name) {
    struct object pointer;
    uint64_t counts;
    uint32_t owners[2];
    if (!value_member(printer, object, "_M_ptr", &pointer) ||
        !value_member_number(printer, object, "_M_refcount._M_pi", &counts))
        return false;
    add_name(printer, object, name);
    if (counts == 0)
        printer_add(printer, " (empty)");
    else if (activation_memory(printer->activation, counts + USE_COUNT, owners, sizeof(owners)) !=
             sizeof(owners))
        printer_add(printer, " (use count <not captured>)");
    else if (owners[0] == 0)
        printer_format(printer, " (expired, weak count %" PRIu32 ")", owners[1]);
    else
        printer_format(printer, " (use count %" PRIu32 ", weak count %" PRIu32 ")", owners[0],
                       owners[1] - 1);
    add_pointer(printer, &pointer);
    return true;
}

static const char *recognized(const char *name) {
    static const char STRING[] = "std::__cxx11::basic_string<char,";
    return strncmp(name, STRING, strlen(STRING)) == 0 ? "std::string" : name;
}

/* What shows itself as more than its members is told of by its own name. */
static bool has_own_printer(struct printer *printer, const struct object *object, char *text,
                            size_t size) {
    struct printer *inner = calloc(1, sizeof(*inner));
    bool own = false;
    if (!inner)
        return false;
    inner->activation = printer->activation;
    inner->is_secret = printer->is_secret;
    inner->language = printer->language;
    inner->depth = printer->depth;
    if (value_library_cxx(inner, object)) {
        char *children = strstr(inner->text, " = {");
        own = inner->text[0] == 's' && children;
        if (own)
            *children = '\0';
        snprintf(text, size, "%.400s", inner->text);
    }
    free(inner);
    return own;
}

static void add_contained(struct printer *printer, const struct object *value, bool named) {
    char text[NAME_MAX_BYTES];
    if (has_own_printer(printer, value, text, sizeof(text))) {
        printer_format(printer, " containing %.400s", text);
    }
    printer_format(printer, " = {%s", named ? "[contained value] = " : "");
    value_print(printer, value);
    printer_add(printer, "}");
}

bool std_optional(struct printer *printer, const struct object *object, const char *name) {
    struct object payload, value;
    uint64_t engaged;
    char text[NAME_MAX_BYTES] = "";
    struct dw_die type;
    if (!value_member(printer, object, "_M_payload", &payload) ||
        !value_member_number(printer, &payload, "_M_engaged", &engaged) ||
        !value_member(printer, &payload, "_M_payload", &value) || !argument(object, 0, &type))
        return false;
    value_member(printer, &value, "_M_value", &value);
    value_type_name(&type, text, sizeof(text));
    printer_format(printer, "%s<%.400s>", name, recognized(text));
    if (engaged)
        add_contained(printer, &value, true);
    else
        printer_add(printer, " [no contained value]");
    return true;
}

bool std_variant(struct printer *printer, const struct object *object, const char *name) {
    struct object value, index_member;
    uint64_t index;
    struct dw_die type;
    if (!value_member(printer, object, "_M_index", &index_member) ||
        !value_number(printer, &index_member, &index) ||
        !value_member(printer, object, "_M_u", &value))
        return false;
    printer_format(printer, "%s<", name);
    for (unsigned i = 0; i < ARGUMENTS_LIMIT && argument(object, i, &type); i++) {
        char text[NAME_MAX_BYTES] = "";
        value_type_name(&type, text, sizeof(text));
        printer_format(printer, "%s%.400s", i ? ", " : "", recognized(text));
    }
    printer_add(printer, ">");
    if (index >= ARGUMENTS_LIMIT || !argument(object, (unsigned)index, &type)) {
        printer_add(printer, " [no contained value]");
        return true;
    }
    value.type = type;
    printer_format(printer, " [index %" PRIu64 "]", index);
    add_contained(printer, &value, false);
    return true;
}

bool std_tuple(struct printer *printer, const struct object *object, const char *name) {
    struct object element;
    unsigned n = 0;
    for (; n < TUPLE_LIMIT && tuple_element(printer, object, n, &element); n++) {
        printer_format(printer, n ? ", [%u] = " : "std::tuple containing = {[%u] = ", n + 1);
        value_print(printer, &element);
    }
    printer_add(printer, n ? "}" : "empty std::tuple");
    return true;
}

bool std_pair(struct printer *printer, const struct object *object, const char *name) {
    struct object first, second;
    if (!value_member(printer, object, "first", &first) ||
        !value_member(printer, object, "second", &second))
        return false;
    printer_add(printer, "{first = ");
    value_print(printer, &first);
    printer_add(printer, ", second = ");
    value_print(printer, &second);
    printer_add(printer, "}");
    return true;
}

bool std_atomic(struct printer *printer, const struct object *object, const char *name) {
    static const char *const MEMBERS[] = {"_M_i", "_M_fp", "_M_p"};
    struct object value;
    for (size_t i = 0; i < sizeof(MEMBERS) / sizeof(*MEMBERS); i++) {
        struct object holder = *object;
        if (i == 2 && !value_member(printer, object, "_M_b", &holder))
            continue;
        if (!value_member(printer, &holder, MEMBERS[i], &value) &&
            !(value_member(printer, object, "_M_base", &holder) &&
              value_member(printer, &holder, MEMBERS[i], &value)))
            continue;
        add_name(printer, object, name);
        printer_add(printer, " = { ");
        value_print(printer, &value);
        printer_add(printer, " }");
        return true;
    }
    return false;
}

bool std_adapter(struct printer *printer, const struct object *object, const char *name) {
    struct object inside;
    if (!value_member(printer, object, "c", &inside))
        return false;
    printer_format(printer, "%s wrapping: ", name);
    value_print(printer, &inside);
    return true;
}

bool std_iterator(struct printer *printer, const struct object *object, const char *name) {
    struct object pointer;
    struct dw_die target;
    struct place place;
    uint64_t address;
    if (!value_member(printer, object, "_M_current", &pointer) ||
        !value_number(printer, &pointer, &address) || !type_target(&pointer.type, &target))
        return false;
    struct object element = value_at(&target, address, &place);
    value_print(printer, &element);
    return true;
}
