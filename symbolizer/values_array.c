/* SPDX-License-Identifier: MIT */
/* Arrays, and what else has elements. */
#include <string.h>

#include "symbolizer/values.h"

enum { COMPARED = 64, TEXT_BYTES = 4 * PRINTER_ELEMENTS };

/* How many elements from the first on are the same as it. */
static uint64_t repeats(struct printer *printer, const struct object *first, uint64_t count,
                        uint64_t stride) {
    uint8_t a[COMPARED], b[COMPARED];
    uint64_t n = 1, limit = (uint64_t)1 << 16;
    for (; n < count && n < limit; n++) {
        for (uint64_t at = 0; at < stride; at += COMPARED) {
            uint64_t part = stride - at < COMPARED ? stride - at : COMPARED;
            if (!activation_spend(printer->activation, 1))
                return n;
            enum outcome one =
                place_read(printer->activation, first->place, first->bit + at * 8, part * 8, a);
            enum outcome other = place_read(printer->activation, first->place,
                                            first->bit + (n * stride + at) * 8, part * 8, b);
            if (one != other || (one == OUTCOME_OK && memcmp(a, b, part) != 0))
                return n;
        }
    }
    return n;
}

void value_elements(struct printer *printer, const struct object *first, uint64_t count,
                    uint64_t stride) {
    size_t shown = 0;
    for (uint64_t i = 0; i < count; shown++) {
        struct object element = *first;
        if (shown >= PRINTER_ELEMENTS || printer->full ||
            !activation_spend(printer->activation, 1)) {
            printer_add(printer, "...");
            return;
        }
        if (i > 0)
            printer_add(printer, ", ");
        element.bit += i * stride * 8;
        uint64_t same = repeats(printer, &element, count - i, stride);
        value_print(printer, &element);
        if (same >= PRINTER_REPEATS) {
            printer_format(printer, " <repeats %llu times>", (unsigned long long)same);
            shown += PRINTER_REPEATS - 1;
            i += same;
        } else {
            i++;
        }
    }
}

/* False, and nothing printed, if it cannot be read as a whole. */
static bool text_array(struct printer *printer, const struct object *object, uint64_t count,
                       struct quote_kind kind) {
    uint8_t bytes[TEXT_BYTES];
    uint64_t wanted = count < PRINTER_ELEMENTS ? count : PRINTER_ELEMENTS;
    /* Of a character that is repeated there may be more than are shown else. */
    size_t room = count < sizeof(bytes) / kind.width ? count * kind.width : sizeof(bytes);
    size_t size =
        place_read_bytes(printer->activation, object->place, object->bit / 8, bytes, room);
    if (size < wanted * kind.width)
        return false;
    wanted = size / kind.width;
    size = wanted * kind.width;
    bool cut = wanted < count;
    /* A text has one that nobody wants to see. */
    static const uint8_t ZERO[4];
    if (!cut && wanted > 0 && memcmp(bytes + size - kind.width, ZERO, kind.width) == 0)
        wanted--;
    quote_text(printer, bytes, wanted, kind, cut);
    return true;
}

/* The rest of the dimensions from one on. */
static void dimension(struct printer *printer, const struct object *object, uint64_t element_size,
                      const uint64_t *counts, size_t n) {
    struct quote_kind kind;
    uint64_t stride = element_size;
    bool rust = printer_is_rust(printer);
    for (size_t i = 1; i < n; i++)
        if (__builtin_mul_overflow(stride, counts[i], &stride))
            stride = 0;
    if (n == 1 && object->bit % 8 == 0 && value_is_character(printer, &object->type, &kind) &&
        kind.width == element_size && !rust && text_array(printer, object, counts[0], kind))
        return;
    printer_add(printer, rust ? "[" : "{");
    if (n == 1) {
        value_elements(printer, object, stride ? counts[0] : 0, stride);
    } else {
        for (uint64_t i = 0; i < counts[0] && stride; i++) {
            struct object row = *object;
            if (i >= PRINTER_ELEMENTS || printer->full) {
                printer_add(printer, "...");
                break;
            }
            if (i > 0)
                printer_add(printer, ", ");
            row.bit += i * stride * 8;
            uint64_t same = repeats(printer, &row, counts[0] - i, stride);
            dimension(printer, &row, element_size, counts + 1, n - 1);
            if (same >= PRINTER_REPEATS) {
                printer_format(printer, " <repeats %llu times>", (unsigned long long)same);
                i += same - 1;
            }
        }
    }
    printer_add(printer, rust ? "]" : "}");
}

void value_array(struct printer *printer, const struct object *object) {
    struct dw_die type;
    struct object element = *object;
    uint64_t counts[TYPE_DIMENSIONS], size;
    if (!type_strip(&object->type, &type) || !type_of(&type, &element.type))
        return;
    size_t n = type_dimensions(printer->activation, &type, counts);
    size = type_size(printer->activation, &element.type);
    if (n == 0 || size == 0 || counts[0] == 0) {
        uint64_t address;
        if (printer_is_rust(printer) || !place_address(object->place, object->bit, &address))
            printer_add(printer, printer_is_rust(printer) ? "[]" : "{}");
        else
            value_address(printer, address, &element.type);
        return;
    }
    dimension(printer, &element, size, counts, n);
}
