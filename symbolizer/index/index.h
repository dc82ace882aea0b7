/* SPDX-License-Identifier: MIT */
/* Reading of an index (symbolizer/index/format.h). Whatever the file holds, a lookup reads within
 * its bounds and ends. Not safe to share between threads. */
#ifndef SYMBOLIZER_INDEX_INDEX_H
#define SYMBOLIZER_INDEX_INDEX_H

#include "base/cleanup.h"
#include "symbolizer/functions.h"
#include "symbolizer/index/format.h"
#include "symbolizer/index/map.h"

struct index {
    const uint8_t *data;
    size_t size;
    struct index_header header;
    uint8_t *verified;              /* bit for each block */
    struct index_texts_made *texts; /* made of parts */
    size_t texts_total;
    struct index_map by_name; /* in names, from 1 on */
    struct index_names_read {
        const char *name, *linkage_name, *qualified, *full;
        bool plain;
    } * names; /* that were looked up: the same ones come again and again */
    size_t n_names;
    bool readable_only; /* linkage_name may be given as what full is */
};

/* fd stays the caller's. 0, -EBADMSG if it is no index, -EPROTONOSUPPORT of another version,
 * -ESTALE if it is another file's than that with build_id (any, if build_id_size is 0), or why it
 * could not be read. */
int index_open(int fd, const uint8_t *build_id, size_t build_id_size, struct index **ret);
struct index *index_close(struct index *index);
BASE_DEFINE_CLEANUP(index_close, struct index *, index_close);

/* 1, 0 if nothing is known about address, -EBADMSG if the index is damaged. Texts are the index's.
 * The chain holds nothing to be freed. */
int index_lookup(struct index *index, uint64_t address, enum dw_row_choice choice,
                 struct code_chain *ret);

/* Bytes of a section, NULL beyond its end or where they are damaged. */
const uint8_t *index_bytes(struct index *index, enum index_section_id section, uint64_t offset,
                           uint64_t size);
/* *ret is NULL for number 0. False where there is no text, or a damaged one. */
bool index_text(struct index *index, uint32_t number, const char **ret);

#endif
