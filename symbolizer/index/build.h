/* SPDX-License-Identifier: MIT */
/* Making of an index from debug information. */
#ifndef SYMBOLIZER_INDEX_BUILD_H
#define SYMBOLIZER_INDEX_BUILD_H

#include "symbolizer/dwarf/info.h"

struct index_build_options {
    const uint8_t *build_id; /* of the module; it must have one */
    size_t build_id_size;
    uint64_t limit; /* of the file's size; 0: 4 GiB */
};

/* Writes the index of what info says to fd, an empty file. What a lookup finds in it is what
 * functions_lookup finds in info. 0; -ENODATA if info knows no address; -EFBIG or -E2BIG if it is
 * too large or too tangled; -ENOENT if parts of it are in files that are not here; -ENOMEM; or why
 * fd could not be written. */
int index_build(struct dw_info *info, int fd, const struct index_build_options *options);

#endif
