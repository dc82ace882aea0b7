/* SPDX-License-Identifier: MIT */
/* Names of functions that have no mangled one, made from the scopes around them. */
#ifndef SYMBOLIZER_SCOPE_H
#define SYMBOLIZER_SCOPE_H

#include "symbolizer/dwarf/die.h"

/* The unit is in a language whose names are symbols (C, assembler, Fortran, Go, ...). */
bool scope_language_is_plain(struct dw_unit *unit);

/* "ns::Class::name"; malloc'ed, NULL if there is no name or no memory. */
char *scope_qualified_name(const struct dw_die *die);

#endif
