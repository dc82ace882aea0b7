/* SPDX-License-Identifier: MIT */
/* Whose entry of the procedure linkage table an address lies in: such code has no symbols. */
#ifndef SYMBOLIZER_PLT_H
#define SYMBOLIZER_PLT_H

#include "symbolizer/elf_file.h"

struct plt;

/* file must outlive the result. 0, -ENOENT if it has no such table, or -ENOMEM. */
int plt_read(const struct elf_file *file, struct plt **ret);
struct plt *plt_free(struct plt *plt);

/* The function that the entry leads to; NULL if address lies in none. *start: of the entry. */
const char *plt_lookup(const struct plt *plt, uint64_t address, uint64_t *start);

#endif
