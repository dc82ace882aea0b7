/* SPDX-License-Identifier: MIT */
/* Where a source file is on this machine: sources move between their compilation and a crash. */
#ifndef SYMBOLIZER_SOURCEPLACE_H
#define SYMBOLIZER_SOURCEPLACE_H

#include <sys/stat.h>

#include "symbolizer/sourcetree.h"
#include "symbolizer/symbolizer.h"

/* For all frames of one walk. */
struct source_finder {
    struct source_places places;
    bool tree_tried;
    struct source_tree *tree; /* of places.work_directory */
    size_t bytes;             /* that may still be read */
};

void source_finder_clear(struct source_finder *finder);

/* A descriptor for path as debug information has it, of code in module; -ENOENT if it is nowhere.
 * *found: where it was if not at path itself, malloc'ed, else NULL. */
int source_find(struct source_finder *finder, const char *path, const char *module,
                struct stat *status, char **found);

#endif
