/* SPDX-License-Identifier: MIT */
#include "symbolizer/printer.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void printer_add_bytes(struct printer *printer, const char *bytes, size_t n) {
    if (printer->full)
        return;
    if (n > PRINTER_TEXT - printer->length) {
        n = PRINTER_TEXT - printer->length;
        memcpy(printer->text + printer->length, bytes, n);
        printer->length += n;
        memcpy(printer->text + printer->length, "...", 4);
        printer->full = true;
        return;
    }
    memcpy(printer->text + printer->length, bytes, n);
    printer->length += n;
    printer->text[printer->length] = '\0';
}

void printer_add(struct printer *printer, const char *text) {
    printer_add_bytes(printer, text, strlen(text));
}

void printer_format(struct printer *printer, const char *format, ...) {
    char buffer[512];
    va_list arguments;
    va_start(arguments, format);
    int n = vsnprintf(buffer, sizeof(buffer), format, arguments);
    va_end(arguments);
    if (n > 0)
        printer_add(printer, buffer);
}

void printer_outcome(struct printer *printer, enum outcome outcome) {
    switch (outcome) {
    case OUTCOME_OPTIMIZED_OUT:
        printer_add(printer, "<optimized out>");
        break;
    case OUTCOME_NOT_CAPTURED:
        printer_add(printer, "<not captured>");
        break;
    case OUTCOME_SYNTHETIC:
        printer_add(printer, "<synthetic pointer>");
        break;
    default:
        break;
    }
}

bool printer_is_rust(const struct printer *printer) {
    return printer->language == DW_LANG_Rust;
}

bool printer_is_cxx(const struct printer *printer) {
    switch (printer->language) {
    case DW_LANG_C_plus_plus:
    case DW_LANG_C_plus_plus_03:
    case DW_LANG_C_plus_plus_11:
    case DW_LANG_C_plus_plus_14:
    case DW_LANG_ObjC_plus_plus:
        return true;
    default:
        /* Numbers that newer compilers use before the next standard. */
        return printer->language == 0x2b || printer->language == 0x3a;
    }
}

enum outcome printer_number(const struct printer *printer, const struct place *place, uint64_t bit,
                            uint64_t bits, uint64_t *ret) {
    uint8_t bytes[sizeof(*ret)] = {0};
    if (bits == 0 || bits > 8 * sizeof(*ret))
        return OUTCOME_NOT_CAPTURED;
    enum outcome outcome = place_read(printer->activation, place, bit, bits, bytes);
    if (outcome == OUTCOME_OK)
        memcpy(ret, bytes, sizeof(*ret));
    return outcome;
}
