/* SPDX-License-Identifier: MIT */
#include "symbolizer/index/writer.h"

#include <errno.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/io.h"

static void write_out(struct index_writer *writer, const void *data, size_t size) {
    if (writer->error == 0 && size > writer->limit - writer->written)
        writer->error = -EFBIG;
    if (writer->error == 0)
        writer->error = io_write_all(writer->fd, data, size);
    if (writer->error == 0)
        writer->written += size;
}

static void flush(struct index_writer *writer) {
    if (writer->used == 0)
        return;
    XXH64_hash_t sum = XXH3_64bits(writer->block, writer->used);
    buffer_add(&writer->sums, &sum, sizeof(sum));
    write_out(writer, writer->block, writer->used);
    writer->used = 0;
}

static uint64_t position(const struct index_writer *writer) {
    return writer->written + writer->used;
}

void index_writer_start(struct index_writer *writer, int fd, uint64_t limit) {
    static const uint8_t zeros[INDEX_HEADER_SIZE];
    writer->fd = fd;
    writer->header = (struct index_header){.magic = INDEX_MAGIC, .version = INDEX_VERSION};
    writer->used = 0;
    writer->written = 0;
    writer->sums = (struct buffer){0};
    writer->limit = limit;
    writer->error = 0;
    write_out(writer, zeros, sizeof(zeros));
}

void index_writer_put(struct index_writer *writer, const void *data, size_t size) {
    const uint8_t *from = data;
    while (size > 0) {
        size_t part = INDEX_BLOCK_SIZE - writer->used;
        if (part > size)
            part = size;
        memcpy(writer->block + writer->used, from, part);
        writer->used += part;
        from += part;
        size -= part;
        if (writer->used == INDEX_BLOCK_SIZE)
            flush(writer);
    }
}

static void align(struct index_writer *writer) {
    static const uint8_t zeros[INDEX_ALIGNMENT];
    index_writer_put(writer, zeros, -position(writer) % INDEX_ALIGNMENT);
}

uint64_t index_writer_offset(const struct index_writer *writer, enum index_section_id section) {
    return position(writer) - writer->header.sections[section].offset;
}

void index_writer_section(struct index_writer *writer, enum index_section_id section) {
    if (section > 0) {
        struct index_section *before = &writer->header.sections[section - 1];
        before->size = position(writer) - before->offset;
    }
    align(writer);
    if (section == INDEX_SUMS)
        flush(writer);
    writer->header.sections[section].offset = position(writer);
}

int index_writer_finish(struct index_writer *writer) {
    index_writer_section(writer, INDEX_SUMS);
    if (writer->error == 0 && writer->sums.failed)
        writer->error = -ENOMEM;
    struct index_header *header = &writer->header;
    header->sections[INDEX_SUMS].size = writer->sums.size;
    header->sums_checksum = XXH3_64bits(writer->sums.data, writer->sums.size);
    write_out(writer, writer->sums.data, writer->sums.size);
    header->size = writer->written;
    header->checksum = XXH3_64bits(header, offsetof(struct index_header, checksum));
    /* Without its header the file is none yet. */
    if (writer->error == 0 &&
        pwrite(writer->fd, header, sizeof(*header), 0) != (ssize_t)sizeof(*header))
        writer->error = errno ? -errno : -EIO;
    return writer->error;
}

void index_writer_free(struct index_writer *writer) {
    buffer_free(&writer->sums);
}
