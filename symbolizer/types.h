/* SPDX-License-Identifier: MIT */
/* Types as debug information describes them. A type is an entry; void is none. */
#ifndef SYMBOLIZER_TYPES_H
#define SYMBOLIZER_TYPES_H

#include "symbolizer/activation.h"
#include "symbolizer/place.h"

/* What DW_AT_type of an entry or of its origins refers to; false for void. */
bool type_of(const struct dw_die *die, struct dw_die *ret);
/* Without typedefs and qualifiers; false if nothing is left. A declaration is completed where its
 * definition can be found. */
bool type_strip(const struct dw_die *type, struct dw_die *ret);
/* type_of and type_strip. */
bool type_target(const struct dw_die *die, struct dw_die *ret);

bool type_is_structure(const struct dw_die *type);
bool type_is_reference(const struct dw_die *type);
/* In bytes; 0 if unknown. Arrays whose size is known at run time only need the activation. */
uint64_t type_size(const struct activation *activation, const struct dw_die *type);

/* "std::vector<int, std::allocator<int> >"; "" where there is none. */
void type_name(const struct dw_die *type, char *buffer, size_t size);
/* The n-th template argument that is a type. */
bool type_argument(const struct dw_die *type, unsigned n, struct dw_die *ret);

struct member {
    struct dw_die die, type;
    const char *name; /* NULL if it has none */
    uint64_t bit;     /* from the beginning of the structure */
    uint64_t bits;    /* its width, 0: that of its type */
    bool is_base, is_static, is_virtual;
};

/* The members in their order: *die is the first child of the structure, or what the last call left.
 * false behind the last one. address: of the structure, for virtual bases; NULL if it has none. */
bool type_next_member(const struct activation *activation, struct dw_die *die,
                      const uint64_t *address, struct member *ret);
/* The member of that name, in base classes and members without a name, too. */
bool type_member(const struct activation *activation, const struct dw_die *type, const char *name,
                 struct member *ret);

enum { TYPE_DIMENSIONS = 8 };

/* Elements of each dimension of an array, 0 where that cannot be told. */
size_t type_dimensions(const struct activation *activation, const struct dw_die *array,
                       uint64_t counts[TYPE_DIMENSIONS]);

#endif
