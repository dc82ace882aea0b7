/* SPDX-License-Identifier: MIT */
/* Async-signal-safe, see writer.h. */
#include "snapshot/writer.h"

#include <msgpack/pack.h>

enum { FIELD_COUNT_SIZE = 3 }; /* a map16 header: sections may have 16 fields */

/* Not memcpy: in the hook that would be whatever the program has put in its place. */
static void copy(uint8_t *to, const uint8_t *from, size_t size) {
    for (; size >= 8; size -= 8) {
        __builtin_memcpy(to, from, 8);
        to += 8;
        from += 8;
    }
    while (size-- > 0)
        *to++ = *from++;
}

static int append(void *context, const char *bytes, size_t size) {
    struct snapshot_writer *writer = context;

    if (writer->overflow || size > writer->size - writer->used) {
        writer->overflow = true;
        return -1;
    }
    copy(writer->buffer + writer->used, (const uint8_t *)bytes, size);
    writer->used += size;
    return 0;
}

static msgpack_packer packer(struct snapshot_writer *writer) {
    return (msgpack_packer){.data = writer, .callback = append};
}

static void put_field_count(struct snapshot_writer *writer) {
    writer->buffer[writer->fields_at] = 0xde;
    writer->buffer[writer->fields_at + 1] = (uint8_t)(writer->fields >> 8);
    writer->buffer[writer->fields_at + 2] = (uint8_t)writer->fields;
}

static void put_key(struct snapshot_writer *writer, unsigned key) {
    msgpack_packer pack = packer(writer);

    msgpack_pack_unsigned_int(&pack, key);
    writer->fields++;
}

void snapshot_writer_init(struct snapshot_writer *writer, uint8_t *buffer, size_t size,
                          int (*sink)(void *, const uint8_t *, size_t), void *context) {
    *writer =
        (struct snapshot_writer){.buffer = buffer, .size = size, .sink = sink, .context = context};
}

int snapshot_writer_flush(struct snapshot_writer *writer) {
    if (writer->error == 0 && writer->used > 0) {
        writer->error = writer->sink(writer->context, writer->buffer, writer->used);
        if (writer->error == 0)
            writer->written += writer->used;
    }
    writer->used = 0;
    return writer->error;
}

void snapshot_writer_begin(struct snapshot_writer *writer, enum snapshot_section section,
                           size_t expected) {
    msgpack_packer pack = packer(writer);

    if (writer->size - writer->used < expected + 256)
        snapshot_writer_flush(writer);
    writer->section = writer->used;
    writer->fields = 0;
    writer->overflow = false;
    msgpack_pack_array(&pack, 2);
    msgpack_pack_unsigned_int(&pack, section);
    writer->fields_at = writer->used;
    append(writer, (const char[FIELD_COUNT_SIZE]){0}, FIELD_COUNT_SIZE);
}

void snapshot_writer_end(struct snapshot_writer *writer) {
    if (writer->overflow)
        writer->used = writer->section;
    else
        put_field_count(writer);
}

void snapshot_writer_cancel(struct snapshot_writer *writer) {
    bool ended = writer->used <= writer->fields_at || writer->buffer[writer->fields_at] != 0;

    if (!ended)
        writer->used = writer->section;
}

void snapshot_writer_uint(struct snapshot_writer *writer, unsigned key, uint64_t value) {
    msgpack_packer pack = packer(writer);

    put_key(writer, key);
    msgpack_pack_uint64(&pack, value);
}

void snapshot_writer_int(struct snapshot_writer *writer, unsigned key, int64_t value) {
    msgpack_packer pack = packer(writer);

    put_key(writer, key);
    msgpack_pack_int64(&pack, value);
}

void snapshot_writer_bool(struct snapshot_writer *writer, unsigned key, bool value) {
    msgpack_packer pack = packer(writer);

    put_key(writer, key);
    if (value)
        msgpack_pack_true(&pack);
    else
        msgpack_pack_false(&pack);
}

void snapshot_writer_item(struct snapshot_writer *writer, const char *text, size_t length) {
    msgpack_packer pack = packer(writer);

    msgpack_pack_str(&pack, length);
    msgpack_pack_str_body(&pack, text, length);
}

void snapshot_writer_str(struct snapshot_writer *writer, unsigned key, const char *text,
                         size_t length) {
    put_key(writer, key);
    snapshot_writer_item(writer, text, length);
}

void snapshot_writer_bin(struct snapshot_writer *writer, unsigned key, const void *data,
                         size_t size) {
    msgpack_packer pack = packer(writer);

    put_key(writer, key);
    msgpack_pack_bin(&pack, size);
    msgpack_pack_bin_body(&pack, data, size);
}

void snapshot_writer_u64s(struct snapshot_writer *writer, unsigned key, const uint64_t *values,
                          size_t count) {
    msgpack_packer pack = packer(writer);

    put_key(writer, key);
    msgpack_pack_array(&pack, count);
    for (size_t i = 0; i < count; i++)
        msgpack_pack_uint64(&pack, values[i]);
}

void snapshot_writer_strs(struct snapshot_writer *writer, unsigned key, size_t count) {
    msgpack_packer pack = packer(writer);

    put_key(writer, key);
    msgpack_pack_array(&pack, count);
}

void snapshot_writer_map(struct snapshot_writer *writer, unsigned key, size_t count) {
    msgpack_packer pack = packer(writer);

    put_key(writer, key);
    msgpack_pack_map(&pack, count);
}

static size_t bin_header_size(size_t size) {
    return size < 256 ? 2 : size < 65536 ? 3 : 5;
}

uint8_t *snapshot_writer_bin_reserve(struct snapshot_writer *writer, unsigned key, size_t size) {
    put_key(writer, key);
    if (writer->overflow || writer->size - writer->used < size + bin_header_size(size)) {
        writer->overflow = true;
        return NULL;
    }
    return writer->buffer + writer->used + bin_header_size(size);
}

void snapshot_writer_bin_commit(struct snapshot_writer *writer, size_t reserved, size_t size) {
    msgpack_packer pack = packer(writer);
    const uint8_t *bytes = writer->buffer + writer->used + bin_header_size(reserved);

    if (writer->overflow)
        return;
    msgpack_pack_bin(&pack, size);
    if (writer->buffer + writer->used != bytes) {
        for (size_t i = 0; i < size; i++)
            writer->buffer[writer->used + i] = bytes[i];
    }
    writer->used += size;
}
