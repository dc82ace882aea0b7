/* SPDX-License-Identifier: MIT */
/*
 * Writes a snapshot, section by section, through one fixed buffer. Async-signal-safe: no memory is
 * allocated, no library function is called; msgpack's packer is all in its headers.
 *
 * A section that does not fit into the buffer is left out whole, so that what is written can
 * always be read.
 */
#ifndef SNAPSHOT_WRITER_H
#define SNAPSHOT_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "snapshot/fields.h"

enum {
    /* The largest range of memory in one section; the buffer must be larger than that. */
    SNAPSHOT_WRITER_BIN_MAX = 64 * 1024,
    SNAPSHOT_WRITER_BUFFER_MIN = SNAPSHOT_WRITER_BIN_MAX + 4096,
};

struct snapshot_writer {
    uint8_t *buffer;
    size_t size;
    /* Takes all of data or returns a negative errno, after which nothing more is written. */
    int (*sink)(void *context, const uint8_t *data, size_t size);
    void *context;

    int error;        /* what the sink said */
    uint64_t written; /* bytes that the sink has taken */
    size_t used;
    size_t section, fields_at; /* where the open section and its count of fields begin */
    unsigned fields;
    bool overflow;
};

void snapshot_writer_init(struct snapshot_writer *writer, uint8_t *buffer, size_t size,
                          int (*sink)(void *, const uint8_t *, size_t), void *context);
/* Hands all whole sections to the sink. */
int snapshot_writer_flush(struct snapshot_writer *writer);

/* expected: bytes that the section will have, roughly; the buffer is emptied before if need be. */
void snapshot_writer_begin(struct snapshot_writer *writer, enum snapshot_section section,
                           size_t expected);
void snapshot_writer_end(struct snapshot_writer *writer);
/* Takes back a section that was begun and not ended, if there is one. */
void snapshot_writer_cancel(struct snapshot_writer *writer);

void snapshot_writer_uint(struct snapshot_writer *writer, unsigned key, uint64_t value);
void snapshot_writer_int(struct snapshot_writer *writer, unsigned key, int64_t value);
void snapshot_writer_bool(struct snapshot_writer *writer, unsigned key, bool value);
void snapshot_writer_str(struct snapshot_writer *writer, unsigned key, const char *text,
                         size_t length);
void snapshot_writer_bin(struct snapshot_writer *writer, unsigned key, const void *data,
                         size_t size);
void snapshot_writer_u64s(struct snapshot_writer *writer, unsigned key, const uint64_t *values,
                          size_t count);
/* Followed by count times snapshot_writer_item(), for a map by count pairs of it. */
void snapshot_writer_strs(struct snapshot_writer *writer, unsigned key, size_t count);
void snapshot_writer_map(struct snapshot_writer *writer, unsigned key, size_t count);
void snapshot_writer_item(struct snapshot_writer *writer, const char *text, size_t length);

/* A bin whose bytes are put straight into the buffer: reserve returns where at most size bytes may
 * go (NULL if there is no room), commit says how many there are. Nothing else may come between. */
uint8_t *snapshot_writer_bin_reserve(struct snapshot_writer *writer, unsigned key, size_t size);
void snapshot_writer_bin_commit(struct snapshot_writer *writer, size_t reserved, size_t size);

#endif
