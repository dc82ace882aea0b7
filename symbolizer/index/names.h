/* SPDX-License-Identifier: MIT */
/* Names of functions, each kept once. */
#ifndef SYMBOLIZER_INDEX_NAMES_H
#define SYMBOLIZER_INDEX_NAMES_H

#include "symbolizer/dwarf/die.h"
#include "symbolizer/index/texts.h"

struct index_names {
    struct buffer names; /* INDEX_NAMES */
    struct index_map by_name, by_entry;
    int error;
};

void index_names_free(struct index_names *names);
/* Index in names of what the function or inlined call is called; plain as in struct code_frame. */
uint32_t index_names_add(struct index_names *names, struct index_texts *texts,
                         const struct dw_die *die, bool plain);

#endif
