/* SPDX-License-Identifier: MIT */
/* Reading of little-endian bytes within bounds. Beyond the end everything is 0 and `bad` is set. */
#ifndef SYMBOLIZER_DWARF_BYTES_H
#define SYMBOLIZER_DWARF_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct bytes {
    const uint8_t *at, *end;
    bool bad;
};

static inline struct bytes bytes_none(void) {
    static const uint8_t nothing[1];
    return (struct bytes){nothing, nothing, true};
}

static inline struct bytes bytes_of(const uint8_t *data, size_t size, uint64_t from) {
    if (!data || from > size)
        return bytes_none();
    return (struct bytes){data + from, data + size, false};
}

static inline size_t bytes_left(const struct bytes *bytes) {
    return (size_t)(bytes->end - bytes->at);
}

static inline void bytes_spoil(struct bytes *bytes) {
    bytes->at = bytes->end;
    bytes->bad = true;
}

/* size is at most 8. */
static inline uint64_t bytes_unsigned(struct bytes *bytes, size_t size) {
    uint64_t value = 0;
    if (bytes_left(bytes) < size) {
        bytes_spoil(bytes);
        return 0;
    }
    memcpy(&value, bytes->at, size);
    bytes->at += size;
    return value;
}

static inline uint8_t bytes_u8(struct bytes *bytes) {
    if (bytes->at == bytes->end) {
        bytes->bad = true;
        return 0;
    }
    /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): it is within its bytes */
    return *bytes->at++;
}

static inline uint16_t bytes_u16(struct bytes *bytes) {
    return (uint16_t)bytes_unsigned(bytes, 2);
}

static inline uint32_t bytes_u32(struct bytes *bytes) {
    return (uint32_t)bytes_unsigned(bytes, 4);
}

static inline uint64_t bytes_u64(struct bytes *bytes) {
    return bytes_unsigned(bytes, 8);
}

/* DWARF 5, 7.6. Bits beyond the 64th are lost. */
static inline uint64_t bytes_uleb(struct bytes *bytes) {
    uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
        uint8_t byte = bytes_u8(bytes);
        if (shift < 64)
            value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return value;
    }
}

static inline int64_t bytes_sleb(struct bytes *bytes) {
    uint64_t value = 0;
    for (unsigned shift = 0;;) {
        uint8_t byte = bytes_u8(bytes);
        if (shift < 64)
            value |= (uint64_t)(byte & 0x7f) << shift;
        shift += 7;
        if (!(byte & 0x80)) {
            if (shift < 64 && (byte & 0x40))
                value |= ~UINT64_C(0) << shift;
            return (int64_t)value;
        }
    }
}

static inline const uint8_t *bytes_block(struct bytes *bytes, uint64_t size) {
    const uint8_t *block = bytes->at;
    if (bytes_left(bytes) < size) {
        bytes_spoil(bytes);
        return NULL;
    }
    bytes->at += size;
    return block;
}

/* NULL if it has no end. */
static inline const char *bytes_string(struct bytes *bytes) {
    const uint8_t *nul = bytes->at == bytes->end ? NULL : memchr(bytes->at, 0, bytes_left(bytes));
    if (!nul) {
        bytes_spoil(bytes);
        return NULL;
    }
    const char *text = (const char *)bytes->at;
    bytes->at = nul + 1;
    return text;
}

/* Length of what follows (DWARF 5, 7.4), and whether it is 32-bit or 64-bit DWARF. */
static inline uint64_t bytes_initial_length(struct bytes *bytes, uint8_t *offset_size) {
    uint64_t length = bytes_u32(bytes);
    *offset_size = 4;
    if (length == 0xffffffff) {
        *offset_size = 8;
        length = bytes_u64(bytes);
    } else if (length >= 0xfffffff0) {
        bytes_spoil(bytes);
    }
    return length;
}

#endif
