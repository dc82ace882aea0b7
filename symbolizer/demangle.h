/* SPDX-License-Identifier: MIT */
/* C++, Rust and D names for people and for grouping. */
#ifndef SYMBOLIZER_DEMANGLE_H
#define SYMBOLIZER_DEMANGLE_H

/* The full demangled text, malloc'ed; NULL if symbol is not mangled or too long, or no memory. */
char *demangle_full(const char *symbol);

/* What SENTRY.md 2.3 and 2.8 ask of frame.function: no parameters, return type, clone suffix
 * (.constprop.0, .isra.0, .part.1, .cold), symbol version or Rust hash, templates as <T>, lambdas
 * as "lambda". name is a demangled or a plain name. malloc'ed, NULL if no memory. */
char *demangle_clean(const char *name);

/* A std::type_info::name, which lacks "_Z": "St13runtime_error" becomes "std::runtime_error".
 * malloc'ed; a copy of name when it is no type. NULL if no memory. */
char *demangle_type(const char *name);

#endif
