/* SPDX-License-Identifier: MIT */
/* Variables by ELF symbol tables. */
#ifndef SYMBOLIZER_OBJECTS_H
#define SYMBOLIZER_OBJECTS_H

#include "symbolizer/symbols.h"

struct objects;

/* files must outlive the result; debug may be NULL. 0 or -ENOMEM. */
int objects_new(const struct elf_file *main, const struct elf_file *debug, struct objects **ret);
struct objects *objects_free(struct objects *objects);

/* The variable that covers address. */
bool objects_lookup(const struct objects *objects, uint64_t address, struct symbol *ret);
bool objects_named(const struct objects *objects, const char *name, uint64_t *address);

#endif
