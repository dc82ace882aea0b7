/* SPDX-License-Identifier: MIT */
/* Classes of libstdc++, shown as its printers for gdb show them. */
#ifndef SYMBOLIZER_VALUES_CXX_H
#define SYMBOLIZER_VALUES_CXX_H

#include "symbolizer/values.h"

/* Of an object of a class template in namespace std. name: "std::vector", without its arguments.
 * False, and nothing printed, if its members are not the ones that are known here. */
typedef bool (*value_class)(struct printer *printer, const struct object *object, const char *name);

bool std_vector(struct printer *printer, const struct object *object, const char *name);
bool std_deque(struct printer *printer, const struct object *object, const char *name);
bool std_list(struct printer *printer, const struct object *object, const char *name);
bool std_forward_list(struct printer *printer, const struct object *object, const char *name);
bool std_tree(struct printer *printer, const struct object *object, const char *name);
bool std_hash(struct printer *printer, const struct object *object, const char *name);
bool std_initializer_list(struct printer *printer, const struct object *object, const char *name);
bool std_span(struct printer *printer, const struct object *object, const char *name);

bool std_string(struct printer *printer, const struct object *object, const char *name);
bool std_string_view(struct printer *printer, const struct object *object, const char *name);
bool std_path(struct printer *printer, const struct object *object, const char *name);

bool std_unique_pointer(struct printer *printer, const struct object *object, const char *name);
bool std_shared_pointer(struct printer *printer, const struct object *object, const char *name);
bool std_optional(struct printer *printer, const struct object *object, const char *name);
bool std_variant(struct printer *printer, const struct object *object, const char *name);
bool std_tuple(struct printer *printer, const struct object *object, const char *name);
bool std_pair(struct printer *printer, const struct object *object, const char *name);
bool std_atomic(struct printer *printer, const struct object *object, const char *name);
bool std_adapter(struct printer *printer, const struct object *object, const char *name);
bool std_iterator(struct printer *printer, const struct object *object, const char *name);

/* The name of a type as gdb writes it: "unsigned long". */
void value_type_name(const struct dw_die *type, char *buffer, size_t size);
/* An object of the type at an address. place is the caller's, for the object to point to. */
struct object value_at(const struct dw_die *type, uint64_t address, struct place *place);
/* The base class whose name begins so. */
bool value_base_named(const struct printer *printer, const struct object *object,
                      const char *prefix, struct object *ret);

#endif
