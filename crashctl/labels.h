/* SPDX-License-Identifier: MIT */
/* Symbols with what addr2line shows of them where there is no debug information. */
#ifndef CRASHCTL_LABELS_H
#define CRASHCTL_LABELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "symbolizer/elf_file.h"

struct label {
    uint64_t address, size;
    size_t section;
    const char *name, *file;
    size_t order; /* in the table */
    bool function;
};

struct labels {
    struct label *labels; /* malloc'ed */
    size_t n;
};

/* The full table of the file or of its separate debug file, else the dynamic one; *image is whose
 * it is. 0 or -ENOMEM. */
int labels_read(const struct elf_file **image, const struct elf_file *debug, struct labels *ret);
/* The one that addr2line shows for an address of a section; NULL if there is none. */
const struct label *labels_at(const struct labels *labels, size_t section, uint64_t address);

#endif
