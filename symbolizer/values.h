/* SPDX-License-Identifier: MIT */
/* Values of variables as text, in the forms of gdb. */
#ifndef SYMBOLIZER_VALUES_H
#define SYMBOLIZER_VALUES_H

#include "symbolizer/printer.h"
#include "symbolizer/quote.h"
#include "symbolizer/types.h"

/* An object of a type: where it begins, and its width if it is a bit field, else 0. */
struct object {
    struct dw_die type;
    const struct place *place;
    uint64_t bit, bits;
};

/* Any object. */
void value_print(struct printer *printer, const struct object *object);

/* Objects of types without qualifiers and typedefs, each by the kind of its type. */
void value_base(struct printer *printer, const struct object *object);
void value_enumeration(struct printer *printer, const struct object *object);
void value_pointer(struct printer *printer, const struct object *object);
void value_reference(struct printer *printer, const struct object *object);
void value_array(struct printer *printer, const struct object *object);
void value_structure(struct printer *printer, const struct object *object);

/* Structures whose members say little about what they hold; false for all others. */
bool value_library_cxx(struct printer *printer, const struct object *object);
bool value_rust(struct printer *printer, const struct object *object);

/* Is it a character, for the purpose of printing arrays of it and pointers to it as text? */
bool value_is_character(const struct printer *printer, const struct dw_die *type,
                        struct quote_kind *ret);
/* "0x1234", and the text or the name of what is there. */
void value_address(struct printer *printer, uint64_t address, const struct dw_die *target);
/* " <main+4>", if the address is that of a function or variable. */
void value_symbol(struct printer *printer, uint64_t address);

/* The member of an object; false if its type has none of the name. */
bool value_member(const struct printer *printer, const struct object *object, const char *name,
                  struct object *ret);
/* A number in a member, "a" or "a.b"; false if it cannot be had. */
bool value_member_number(const struct printer *printer, const struct object *object,
                         const char *path, uint64_t *ret);
bool value_number(const struct printer *printer, const struct object *object, uint64_t *ret);

/* Elements of one type that follow each other: "1, 2, 0 <repeats 20 times>", ending in "..." where
 * there are too many. */
void value_elements(struct printer *printer, const struct object *first, uint64_t count,
                    uint64_t stride);

#endif
