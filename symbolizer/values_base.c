/* SPDX-License-Identifier: MIT */
/* Numbers, characters, truth values, enumerations. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "symbolizer/dwarf/value.h"
#include "symbolizer/values.h"

enum { LONG_DOUBLE_BYTES = 10, TYPEDEFS_LIMIT = 16 };

static bool is_integer(uint64_t encoding) {
    return encoding == DW_ATE_signed || encoding == DW_ATE_unsigned ||
           encoding == DW_ATE_signed_char || encoding == DW_ATE_unsigned_char;
}

static bool is_signed(uint64_t encoding) {
    return encoding == DW_ATE_signed || encoding == DW_ATE_signed_char;
}

static const char *prefix_of(const char *name, uint64_t size) {
    if (!name)
        return NULL;
    if (strcmp(name, "wchar_t") == 0)
        return "L";
    if (strcmp(name, "char16_t") == 0)
        return size == 2 ? "u" : NULL;
    if (strcmp(name, "char32_t") == 0)
        return size == 4 ? "U" : NULL;
    return NULL;
}

bool value_is_character(const struct printer *printer, const struct dw_die *type,
                        struct quote_kind *ret) {
    struct dw_die stripped, at = *type;
    uint64_t encoding, size;
    if (!type_strip(type, &stripped) || dw_die_tag(&stripped) != DW_TAG_base_type ||
        !dw_die_unsigned(&stripped, DW_AT_encoding, &encoding) ||
        !dw_die_unsigned(&stripped, DW_AT_byte_size, &size) ||
        (size != 1 && size != 2 && size != 4))
        return false;
    *ret = (struct quote_kind){(unsigned)size, ""};
    if (encoding == DW_ATE_UTF) {
        if (!printer_is_rust(printer))
            ret->prefix = size == 2 ? "u" : size == 4 ? "U" : "";
        return true;
    }
    if (!is_integer(encoding) || printer_is_rust(printer))
        return false;
    if (size == 1)
        return true;
    for (size_t i = 0; i < TYPEDEFS_LIMIT; i++) {
        const char *prefix = prefix_of(dw_die_string(&at, DW_AT_name), size);
        if (prefix) {
            ret->prefix = prefix;
            return true;
        }
        if (dw_die_tag(&at) == DW_TAG_base_type || !type_of(&at, &at))
            return false;
    }
    return false;
}

static void add_wide(struct printer *printer, const uint8_t bytes[16], bool with_sign) {
    unsigned __int128 value;
    char digits[44];
    size_t at = sizeof(digits);
    memcpy(&value, bytes, sizeof(value));
    bool negative = with_sign && (__int128)value < 0;
    if (negative)
        value = -value;
    digits[--at] = '\0';
    do
        digits[--at] = (char)('0' + (int)(value % 10));
    while (value /= 10);
    printer_format(printer, "%s%s", negative ? "-" : "", digits + at);
}

/* Digits enough to tell any two numbers from each other. */
static void add_float(struct printer *printer, const uint8_t *bytes, uint64_t size) {
    char text[64];
    uint64_t mantissa = 0;
    long double value;
    int digits;
    if (size == sizeof(float)) {
        float narrow;
        uint32_t bits;
        memcpy(&narrow, bytes, sizeof(narrow));
        memcpy(&bits, bytes, sizeof(bits));
        mantissa = bits & 0x7fffff;
        value = narrow;
        digits = 9;
    } else if (size == sizeof(double)) {
        double wide;
        memcpy(&wide, bytes, sizeof(wide));
        memcpy(&mantissa, bytes, sizeof(mantissa));
        mantissa &= UINT64_C(0xfffffffffffff);
        value = wide;
        digits = 17;
    } else {
        memset(&value, 0, sizeof(value));
        memcpy(&value, bytes, LONG_DOUBLE_BYTES);
        memcpy(&mantissa, bytes, sizeof(mantissa));
        digits = 21;
    }
    if (isnan(value)) {
        printer_format(printer, "%snan(0x%" PRIx64 ")", signbit(value) ? "-" : "", mantissa);
        return;
    }
    snprintf(text, sizeof(text), "%.*Lg", digits, value);
    printer_add(printer, text);
}

static void add_integer(struct printer *printer, uint64_t value, unsigned bits, bool with_sign) {
    if (!with_sign) {
        printer_format(printer, "%" PRIu64, value);
        return;
    }
    unsigned unused = 64 - bits;
    printer_format(printer, "%" PRId64, (int64_t)(value << unused) >> unused);
}

static void add_number(struct printer *printer, const struct object *object, uint64_t encoding,
                       uint64_t value, unsigned bits) {
    struct quote_kind kind;
    bool with_sign = is_signed(encoding);
    switch (encoding) {
    case DW_ATE_boolean:
        if (value <= 1)
            printer_add(printer, value ? "true" : "false");
        else
            printer_format(printer, "%" PRIu64, value);
        return;
    case DW_ATE_address:
        printer_format(printer, "0x%" PRIx64, value);
        return;
    default:
        add_integer(printer, value, bits, with_sign);
    }
    if (value_is_character(printer, &object->type, &kind)) {
        printer_add(printer, " ");
        if (with_sign && bits < 64)
            value = (uint64_t)((int64_t)(value << (64 - bits)) >> (64 - bits));
        quote_character(printer, value, kind);
    }
}

static bool is_float_size(uint64_t size) {
    return size == sizeof(float) || size == sizeof(double) || size == sizeof(long double);
}

/* One part may be known without the other. */
static void add_complex(struct printer *printer, const struct object *object, uint64_t size) {
    for (unsigned part = 0; part < 2; part++) {
        uint8_t bytes[sizeof(long double)];
        enum outcome outcome = place_read(printer->activation, object->place,
                                          object->bit + part * size * 8, size * 8, bytes);
        printer_add(printer, part ? " + " : "");
        if (outcome == OUTCOME_OK)
            add_float(printer, bytes, size);
        else
            printer_outcome(printer, outcome);
    }
    printer_add(printer, "i");
}

void value_base(struct printer *printer, const struct object *object) {
    struct dw_die type;
    uint64_t size = 0, encoding = 0;
    uint8_t bytes[2 * sizeof(long double)] = {0};
    uint64_t value;
    if (!type_strip(&object->type, &type) || !dw_die_unsigned(&type, DW_AT_byte_size, &size) ||
        !dw_die_unsigned(&type, DW_AT_encoding, &encoding) || size == 0 || size > sizeof(bytes)) {
        /* Rust's types without a size have one value only. */
        const char *name = dw_die_string(&object->type, DW_AT_name);
        printer_add(printer, printer_is_rust(printer) && name && size == 0 ? name : "void");
        return;
    }
    uint64_t bits = object->bits && object->bits < size * 8 ? object->bits : size * 8;
    if (encoding == DW_ATE_complex_float && is_float_size(size / 2)) {
        add_complex(printer, object, size / 2);
        return;
    }
    enum outcome outcome = place_read(printer->activation, object->place, object->bit, bits, bytes);
    if (outcome != OUTCOME_OK) {
        printer_outcome(printer, outcome);
        return;
    }
    if (encoding == DW_ATE_float && is_float_size(size)) {
        add_float(printer, bytes, size);
    } else if (bits > 64) {
        add_wide(printer, bytes, is_signed(encoding));
    } else {
        memcpy(&value, bytes, sizeof(value));
        add_number(printer, object, encoding, value, (unsigned)bits);
    }
}

struct enumerators {
    struct printer *printer;
    struct dw_die type;
    char prefix[512]; /* "ns::Color::" */
    uint64_t mask;    /* of the value's width */
};

static bool next_enumerator(const struct enumerators *all, struct dw_die *at, bool *first,
                            const char **name, uint64_t *value) {
    struct dw_value constant;
    for (;;) {
        if (!activation_spend(all->printer->activation, 1) ||
            !(*first ? dw_die_child(&all->type, at) : dw_die_next_sibling(at)))
            return false;
        *first = false;
        *name = dw_die_string(at, DW_AT_name);
        int64_t number;
        if (dw_die_tag(at) == DW_TAG_enumerator && *name &&
            dw_die_attribute(at, DW_AT_const_value, &constant) &&
            dw_value_signed(&constant, &number)) {
            *value = (uint64_t)number & all->mask;
            return true;
        }
    }
}

/* In C++ a name is told with what it stands in, which is the type itself for `enum class`. */
static void find_prefix(struct enumerators *all) {
    if (!printer_is_cxx(all->printer) && !printer_is_rust(all->printer))
        return;
    type_name(&all->type, all->prefix, sizeof(all->prefix) - 2);
    if (!dw_die_flag(&all->type, DW_AT_enum_class) && !printer_is_rust(all->printer)) {
        char *last = NULL;
        /* Template arguments may have names of more than one part, too. */
        unsigned depth = 0;
        for (char *at = all->prefix; *at; at++) {
            depth += *at == '<';
            depth -= *at == '>' && depth > 0;
            if (depth == 0 && at[0] == ':' && at[1] == ':')
                last = at;
        }
        if (last)
            *last = '\0';
        else
            all->prefix[0] = '\0';
    }
    size_t length = strlen(all->prefix);
    if (length)
        snprintf(all->prefix + length, sizeof(all->prefix) - length, "::");
}

/* Do all have a bit to themselves? */
static bool are_flags(const struct enumerators *all) {
    struct dw_die at;
    const char *name;
    uint64_t value, seen = 0;
    bool first = true;
    while (next_enumerator(all, &at, &first, &name, &value)) {
        if ((value & seen) || (value & (value - 1)) || value >> 63)
            return false;
        seen |= value;
    }
    return true;
}

static void add_flags(const struct enumerators *all, uint64_t value) {
    struct printer *printer = all->printer;
    struct dw_die at;
    const char *name;
    uint64_t flag;
    bool first = true, any = false;
    while (next_enumerator(all, &at, &first, &name, &flag)) {
        if (!(value & flag))
            continue;
        printer_format(printer, "%s%s%s", any ? " | " : "(", all->prefix, name);
        any = true;
        value &= ~flag;
    }
    if (value)
        printer_format(printer, "%sunknown: 0x%" PRIx64 ")", any ? " | " : "(", value);
    else
        printer_add(printer, any ? ")" : "0");
}

void value_enumeration(struct printer *printer, const struct object *object) {
    struct enumerators all = {.printer = printer};
    struct dw_die at, base;
    const char *name;
    uint64_t value, number, encoding = 0;
    if (!type_strip(&object->type, &all.type))
        return;
    uint64_t size = type_size(printer->activation, &all.type);
    uint64_t bits = object->bits ? object->bits : size * 8;
    enum outcome outcome = printer_number(printer, object->place, object->bit, bits, &value);
    if (outcome != OUTCOME_OK) {
        printer_outcome(printer, outcome);
        return;
    }
    all.mask = size >= 8 ? UINT64_MAX : (UINT64_C(1) << size * 8) - 1;
    bool has_sign = type_target(&all.type, &base) &&
                    dw_die_unsigned(&base, DW_AT_encoding, &encoding) && is_signed(encoding);
    if (has_sign && bits < 64)
        value = (uint64_t)((int64_t)(value << (64 - bits)) >> (64 - bits)) & all.mask;
    find_prefix(&all);
    for (bool first = true; next_enumerator(&all, &at, &first, &name, &number);)
        if (number == value) {
            printer_format(printer, "%s%s", all.prefix, name);
            return;
        }
    if (are_flags(&all))
        add_flags(&all, value);
    else
        add_integer(printer, value, (unsigned)(size * 8), has_sign);
}
