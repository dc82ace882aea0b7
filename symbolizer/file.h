/* SPDX-License-Identifier: MIT */
/* The tables behind symbolizer_file, for those who need texts exactly as they stand in the file. */
#ifndef SYMBOLIZER_FILE_H
#define SYMBOLIZER_FILE_H

#include "symbolizer/elf_file.h"
#include "symbolizer/functions.h"
#include "symbolizer/symbolizer.h"

/* NULL if there is no debug information. */
struct functions *symbolizer_file_functions(struct symbolizer_file *file);
const struct elf_file *symbolizer_file_image(const struct symbolizer_file *file);
/* Its separate debug file, or NULL. */
const struct elf_file *symbolizer_file_debug(struct symbolizer_file *file);
/* Writes the file's index to fd, an empty file. As index_build. */
int symbolizer_file_index(struct symbolizer_file *file, int fd, uint64_t limit);

#endif
