/* SPDX-License-Identifier: MIT */
/* The tables behind symbolizer_file, for those who need texts exactly as they stand in the file. */
#ifndef SYMBOLIZER_FILE_H
#define SYMBOLIZER_FILE_H

#include "symbolizer/elf_file.h"
#include "symbolizer/functions.h"
#include "symbolizer/symbolizer.h"

/* NULL if there is no debug information. */
struct functions *symbolizer_file_functions(struct symbolizer_file *file);
/* The file itself or, after symbolizer_file_functions(), its separate debug file or NULL. */
const struct elf_file *symbolizer_file_image(const struct symbolizer_file *file, bool debug);

#endif
