/* SPDX-License-Identifier: MIT */
/* Where indexes are: one file, or a directory with one for each build-id ("ab/cdef.idx"). */
#ifndef SYMBOLIZER_INDEX_PLACE_H
#define SYMBOLIZER_INDEX_PLACE_H

#include "symbolizer/index/index.h"

enum { INDEX_NAME_SIZE = 2 * 64 + sizeof("/.idx") };

struct index_place {
    int fd; /* of the caller */
    bool is_directory;
    int error; /* why the last index that was there and could not be used was of no use, or 0 */
    uint8_t build_id[64]; /* whose that was */
    size_t build_id_size;
};

/* Path of a build-id's index below the directory; "" if it is no build-id of 2 to 64 bytes. */
void index_place_name(const uint8_t *build_id, size_t size, char ret[INDEX_NAME_SIZE]);
/* Sets error. */
void index_place_complain(struct index_place *place, const uint8_t *build_id, size_t size,
                          int error);
/* 0, -ENOENT, or as index_open. */
int index_place_open(struct index_place *place, const uint8_t *build_id, size_t size,
                     struct index **ret);

#endif
