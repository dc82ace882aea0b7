/* SPDX-License-Identifier: MIT */
/* Lines of source around a position. */
#ifndef SYMBOLIZER_SOURCE_H
#define SYMBOLIZER_SOURCE_H

#include <time.h>

#include "symbolizer/elf_file.h"
#include "symbolizer/frame.h"

/* Reads up to around lines on either side of line. ret->n_lines is 0 if the file cannot be read, is
 * newer than the binary (its lines may be others), or has no such line. */
void source_read(const struct file_source *source, const char *path, struct timespec binary,
                 unsigned line, unsigned around, struct frame_source *ret);
void source_free(struct frame_source *lines);

#endif
