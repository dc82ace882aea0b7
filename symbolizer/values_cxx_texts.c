/* SPDX-License-Identifier: MIT */
/* Strings of libstdc++. */
#include "symbolizer/values_cxx.h"

/* The length of a string of the old kind stands before its text: length, capacity, owners. */
enum { POINTER_BITS = 64, OLD_HEADER = 24 };

static struct quote_kind kind_of(const struct printer *printer, const struct object *object) {
    struct dw_die type, character;
    struct quote_kind kind = {1, ""};
    if (type_strip(&object->type, &type) && type_argument(&type, 0, &character))
        value_is_character(printer, &character, &kind);
    return kind;
}

static bool number_at(const struct printer *printer, uint64_t address, uint64_t *ret) {
    return activation_memory(printer->activation, address, ret, sizeof(*ret)) == sizeof(*ret);
}

bool std_string(struct printer *printer, const struct object *object, const char *name) {
    uint64_t text, length;
    struct object member;
    struct dw_die type;
    bool known = type_strip(&object->type, &type) && !dw_die_flag(&type, DW_AT_declaration);
    if (!known) {
        /* Clang leaves to the library's own debug information what that is known to have. */
        if (printer_number(printer, object->place, object->bit, POINTER_BITS, &text) !=
                OUTCOME_OK ||
            printer_number(printer, object->place, object->bit + POINTER_BITS, POINTER_BITS,
                           &length) != OUTCOME_OK)
            return false;
    } else if (!value_member(printer, object, "_M_dataplus", &member) ||
               printer_number(printer, member.place, member.bit, POINTER_BITS, &text) !=
                   OUTCOME_OK) {
        return false;
    } else if (value_member(printer, object, "_M_string_length", &member)) {
        if (!value_number(printer, &member, &length))
            return false;
    } else if (!number_at(printer, text - OLD_HEADER, &length)) {
        printer_outcome(printer, OUTCOME_NOT_CAPTURED);
        return true;
    }
    quote_sized(printer, text, length, kind_of(printer, object));
    return true;
}

bool std_string_view(struct printer *printer, const struct object *object, const char *name) {
    uint64_t text, length;
    if (!value_member_number(printer, object, "_M_str", &text) ||
        !value_member_number(printer, object, "_M_len", &length))
        return false;
    quote_sized(printer, text, length, kind_of(printer, object));
    return true;
}

bool std_path(struct printer *printer, const struct object *object, const char *name) {
    struct object text;
    if (!value_member(printer, object, "_M_pathname", &text))
        return false;
    printer_add(printer, "filesystem::path ");
    value_print(printer, &text);
    return true;
}
