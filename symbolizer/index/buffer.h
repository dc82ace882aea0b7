/* SPDX-License-Identifier: MIT */
/* A growing piece of memory. Adding to one that could not grow does nothing but keep `failed`. */
#ifndef SYMBOLIZER_INDEX_BUFFER_H
#define SYMBOLIZER_INDEX_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct buffer {
    uint8_t *data;
    size_t size, allocated;
    bool failed;
};

static inline void buffer_free(struct buffer *buffer) {
    free(buffer->data);
    *buffer = (struct buffer){0};
}

static inline bool buffer_reserve(struct buffer *buffer, size_t size) {
    if (buffer->allocated - buffer->size >= size)
        return !buffer->failed;
    size_t allocated = (buffer->allocated + size) * 2;
    uint8_t *grown = buffer->failed ? NULL : realloc(buffer->data, allocated);
    if (!grown) {
        buffer->failed = true;
        return false;
    }
    buffer->data = grown;
    buffer->allocated = allocated;
    return true;
}

static inline void buffer_add(struct buffer *buffer, const void *data, size_t size) {
    if (!buffer_reserve(buffer, size) || size == 0)
        return;
    memcpy(buffer->data + buffer->size, data, size);
    buffer->size += size;
}

static inline void buffer_u8(struct buffer *buffer, uint8_t value) {
    buffer_add(buffer, &value, 1);
}

static inline void buffer_u32(struct buffer *buffer, uint32_t value) {
    buffer_add(buffer, &value, sizeof(value));
}

static inline void buffer_uleb(struct buffer *buffer, uint64_t value) {
    if (!buffer_reserve(buffer, 10))
        return;
    while (value >= 0x80) {
        buffer->data[buffer->size++] = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    buffer->data[buffer->size++] = (uint8_t)value;
}

static inline void buffer_sleb(struct buffer *buffer, int64_t value) {
    if (!buffer_reserve(buffer, 10))
        return;
    while (value < -64 || value > 63) {
        buffer->data[buffer->size++] = (uint8_t)(value | 0x80);
        /* Rounds down, which a shift of a negative number need not. */
        value = (value - (value & 0x7f)) / 128;
    }
    buffer->data[buffer->size++] = (uint8_t)(value & 0x7f);
}

#endif
