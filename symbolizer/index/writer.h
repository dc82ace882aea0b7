/* SPDX-License-Identifier: MIT */
/* The file of an index: sections one after the other, checksums of their blocks, the header last.
 */
#ifndef SYMBOLIZER_INDEX_WRITER_H
#define SYMBOLIZER_INDEX_WRITER_H

#include "symbolizer/index/buffer.h"
#include "symbolizer/index/format.h"

struct index_writer {
    int fd;
    struct index_header header;
    uint8_t block[INDEX_BLOCK_SIZE];
    size_t used;      /* of block */
    uint64_t written; /* bytes of the file */
    struct buffer sums;
    uint64_t limit; /* of the file's size */
    int error;
};

/* fd: empty, and only written at its position until the header. */
void index_writer_start(struct index_writer *writer, int fd, uint64_t limit);
/* What is put from now on belongs to section. Errors are kept until the end. */
void index_writer_section(struct index_writer *writer, enum index_section_id section);
void index_writer_put(struct index_writer *writer, const void *data, size_t size);
/* Bytes put into the section so far. */
uint64_t index_writer_offset(const struct index_writer *writer, enum index_section_id section);
/* 0, -EFBIG, -ENOMEM, or why it could not be written. */
int index_writer_finish(struct index_writer *writer);
void index_writer_free(struct index_writer *writer);

#endif
