/* SPDX-License-Identifier: MIT */
/* Characters and texts in quotes, as C and gdb write them. */
#ifndef SYMBOLIZER_QUOTE_H
#define SYMBOLIZER_QUOTE_H

#include "symbolizer/printer.h"

/* Code units of a text, of 1, 2 or 4 bytes. */
struct quote_kind {
    unsigned width;
    const char *prefix; /* "", "u", "U", "L" */
};

/* 'a' */
void quote_character(struct printer *printer, uint64_t code, struct quote_kind kind);
/* "text"; bytes: n units. cut: there is more of it. */
void quote_text(struct printer *printer, const uint8_t *bytes, size_t n, struct quote_kind kind,
                bool cut);
/* A text in memory that ends in NUL. What is printed where it cannot be read is the caller's: false
 * then. */
bool quote_terminated(struct printer *printer, uint64_t address, struct quote_kind kind);
/* A text in memory of n units. */
void quote_sized(struct printer *printer, uint64_t address, uint64_t n, struct quote_kind kind);

#endif
