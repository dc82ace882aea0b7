/* SPDX-License-Identifier: MIT */
/* Types of Rust's library, shown as its printers for gdb show them. */
#ifndef SYMBOLIZER_VALUES_RUST_H
#define SYMBOLIZER_VALUES_RUST_H

#include "symbolizer/values_cxx.h"

bool rust_string(struct printer *printer, const struct object *object, const char *name);
bool rust_slice(struct printer *printer, const struct object *object, const char *name);
bool rust_vector(struct printer *printer, const struct object *object, const char *name);
bool rust_deque(struct printer *printer, const struct object *object, const char *name);
bool rust_counted(struct printer *printer, const struct object *object, const char *name);
bool rust_hash(struct printer *printer, const struct object *object, const char *name);
bool rust_tree(struct printer *printer, const struct object *object, const char *name);

#endif
