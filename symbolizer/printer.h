/* SPDX-License-Identifier: MIT */
/* A value as text in the making: bounded in length, depth and cost. */
#ifndef SYMBOLIZER_PRINTER_H
#define SYMBOLIZER_PRINTER_H

#include "symbolizer/activation.h"
#include "symbolizer/place.h"

/* As gdb has them by default, but for the length. */
enum {
    PRINTER_TEXT = 4096,
    PRINTER_ELEMENTS = 200, /* characters of a text, elements of arrays and containers */
    PRINTER_REPEATS = 10,   /* so many equal ones in a row are told by their number */
    PRINTER_DEPTH = 20,     /* of structures in structures */
    PRINTER_VIRTUAL_BASES = 16,
};

/* In the place of what has a secret name. */
#define PRINTER_HIDDEN "[Filtered]"

struct printer {
    const struct activation *activation;
    bool (*is_secret)(const char *name);
    unsigned language; /* DW_LANG_... of the function */
    unsigned depth;
    /* Virtual bases of the object that is being printed: each is shown once. */
    struct {
        const struct dw_unit *unit;
        uint64_t offset;
    } virtual_bases[PRINTER_VIRTUAL_BASES];
    size_t first_virtual_base, n_virtual_bases;
    bool in_base; /* what comes next is a part of the same object */
    size_t length;
    bool full;
    char text[PRINTER_TEXT + 8];
};

void printer_add(struct printer *printer, const char *text);
void printer_add_bytes(struct printer *printer, const char *bytes, size_t n);
__attribute__((format(printf, 2, 3))) void printer_format(struct printer *printer,
                                                          const char *format, ...);
/* "<optimized out>" and so on; nothing for OUTCOME_OK. */
void printer_outcome(struct printer *printer, enum outcome outcome);

bool printer_is_rust(const struct printer *printer);
bool printer_is_cxx(const struct printer *printer);

/* Reads a number of at most 8 bytes. */
enum outcome printer_number(const struct printer *printer, const struct place *place, uint64_t bit,
                            uint64_t bits, uint64_t *ret);

#endif
