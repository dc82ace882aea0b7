/* SPDX-License-Identifier: MIT */
/* Lines of source around a position. */
#ifndef SYMBOLIZER_SOURCE_H
#define SYMBOLIZER_SOURCE_H

#include <time.h>

#include "symbolizer/frame.h"
#include "symbolizer/sourceplace.h"

struct source_position {
    const char *path;       /* as debug information has it */
    const char *module;     /* path of the ELF file that it is about */
    struct timespec binary; /* when that file was last changed */
    unsigned line;
};

/* Reads up to around lines on either side of the position. ret->n_lines is 0 if the file cannot be
 * read, is none of text, is newer than the binary (its lines may be others), or has no such line.
 * *found as source_find gives it. */
void source_read(struct source_finder *finder, const struct source_position *position,
                 unsigned around, struct frame_source *ret, char **found);
void source_free(struct frame_source *lines);

#endif
