/* SPDX-License-Identifier: MIT */
#include "symbolizer/dwarf/decompress.h"

#include <elf.h>
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "base/cleanup.h"

/* Debian 12's <elf.h> does not name it yet. */
#ifndef ELFCOMPRESS_ZSTD
#define ELFCOMPRESS_ZSTD 2
#endif

static const uint64_t PLAIN_LIMIT = UINT64_C(4) << 30;
/* Neither method makes more of a byte; a size beyond it is a lie that would cost memory. */
static const uint64_t RATIO_LIMIT = 32 << 10;

static int inflate_whole(const uint8_t *data, size_t size, void *plain, size_t plain_size) {
    z_stream stream = {0};
    if (inflateInit(&stream) != Z_OK)
        return -ENOMEM;
    int r = Z_OK;
    size_t done = 0, used = 0;
    /* zlib counts in 32 bits. */
    while (r == Z_OK && (done < plain_size || stream.avail_out == 0)) {
        size_t in = size - used < UINT32_MAX / 2 ? size - used : UINT32_MAX / 2;
        size_t out = plain_size - done < UINT32_MAX / 2 ? plain_size - done : UINT32_MAX / 2;
        stream.next_in = (Bytef *)data + used;
        stream.avail_in = (uInt)in;
        stream.next_out = (Bytef *)plain + done;
        stream.avail_out = (uInt)out;
        r = inflate(&stream, Z_NO_FLUSH);
        used += in - stream.avail_in;
        done += out - stream.avail_out;
        if (out == 0 || (in == 0 && stream.avail_out == out))
            break;
    }
    inflateEnd(&stream);
    return done == plain_size && (r == Z_OK || r == Z_STREAM_END) ? 0 : -EBADMSG;
}

static int unpack(uint32_t method, const uint8_t *data, size_t size, uint64_t plain_size,
                  void **ret, size_t *ret_size) {
    if (plain_size == 0 || plain_size / RATIO_LIMIT > size)
        return -EBADMSG;
    if (plain_size > PLAIN_LIMIT)
        return -EFBIG;
    BASE_CLEANUP(free)
    void *plain = malloc((size_t)plain_size);
    if (!plain)
        return -ENOMEM;
    int r;
    switch (method) {
    case ELFCOMPRESS_ZLIB:
        r = inflate_whole(data, size, plain, (size_t)plain_size);
        break;
    case ELFCOMPRESS_ZSTD:
        r = ZSTD_decompress(plain, (size_t)plain_size, data, size) == plain_size ? 0 : -EBADMSG;
        break;
    default:
        r = -EOPNOTSUPP;
    }
    if (r < 0)
        return r;
    *ret_size = (size_t)plain_size;
    *ret = TAKE_POINTER(plain);
    return 0;
}

int decompress_section(const uint8_t *data, size_t size, void **ret, size_t *ret_size) {
    Elf64_Chdr header;
    if (size < sizeof(header))
        return -EBADMSG;
    memcpy(&header, data, sizeof(header));
    return unpack(header.ch_type, data + sizeof(header), size - sizeof(header), header.ch_size, ret,
                  ret_size);
}

int decompress_gnu_section(const uint8_t *data, size_t size, void **ret, size_t *ret_size) {
    uint64_t plain_size;
    if (size < 12 || memcmp(data, "ZLIB", 4) != 0)
        return -EBADMSG;
    memcpy(&plain_size, data + 4, sizeof(plain_size));
    return unpack(ELFCOMPRESS_ZLIB, data + 12, size - 12, be64toh(plain_size), ret, ret_size);
}
