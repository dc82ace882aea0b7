/* SPDX-License-Identifier: MIT */
/* Names of functions that have no mangled one, made from the scopes around them. */
#ifndef SYMBOLIZER_SCOPE_H
#define SYMBOLIZER_SCOPE_H

#include <elfutils/libdw.h>
#include <stdbool.h>

/* The DIE's unit is in a language whose names are symbols (C, assembler, Fortran, Go, ...). */
bool scope_language_is_plain(Dwarf_Die *die);

/* "ns::Class::name"; malloc'ed, NULL if there is no name or no memory. */
char *scope_qualified_name(Dwarf_Die *die);

#endif
