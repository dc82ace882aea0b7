/* SPDX-License-Identifier: MIT */
/* An index of whatever contents, as it is and with checksums that are right: lookups stay inside
 * of it, end, and give chains that can be read. */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "symbolizer/index/index.h"

enum { LOOKUPS = 300 };

static size_t length(const char *text) {
    return text ? strlen(text) : 0;
}

static void look_up(struct index *index, uint64_t address) {
    static const enum dw_row_choice choices[] = {DW_ROW_STATEMENT, DW_ROW_LAST};
    for (size_t i = 0; i < 2; i++) {
        struct code_chain chain;
        if (index_lookup(index, address, choices[i], &chain) <= 0)
            continue;
        FUZZ_REQUIRE(chain.n >= 1 && chain.n <= CODE_CHAIN_LIMIT);
        size_t size = length(chain.comp_dir);
        for (size_t k = 0; k < chain.n; k++) {
            const struct code_frame *frame = &chain.frames[k];
            size += length(frame->name) + length(frame->linkage_name) + length(frame->qualified) +
                    length(frame->full) + length(frame->file);
        }
        FUZZ_REQUIRE(size < SIZE_MAX / 2);
        code_chain_free(&chain);
    }
}

static void check(int fd) {
    struct index *index;
    if (index_open(fd, NULL, 0, &index) < 0)
        return;
    uint64_t base = index->header.base;
    for (uint64_t i = 0; i < LOOKUPS; i++)
        look_up(index, base + i * i);
    for (uint64_t i = 0; i < LOOKUPS; i++) {
        const uint8_t *low = index_bytes(index, INDEX_LOWS, i * sizeof(uint32_t), sizeof(uint32_t));
        uint32_t value;
        if (!low)
            break;
        memcpy(&value, low, sizeof(value));
        look_up(index, base + value);
        look_up(index, base + value + i);
        look_up(index, base + value - 1);
    }
    index_close(index);
}

/* Without this nothing but the header would ever be read. */
static void seal(uint8_t *data, size_t size) {
    struct index_header header;
    if (size < INDEX_HEADER_SIZE)
        return;
    memcpy(&header, data, sizeof(header));
    struct index_section *sums = &header.sections[INDEX_SUMS];
    memcpy(header.magic, INDEX_MAGIC, sizeof(header.magic));
    header.version = INDEX_VERSION;
    header.build_id_size %= sizeof(header.build_id) + 1;
    header.size = size;
    uint64_t blocks = (size - INDEX_HEADER_SIZE + INDEX_BLOCK_SIZE - 1) / INDEX_BLOCK_SIZE;
    if (size - INDEX_HEADER_SIZE < blocks * sizeof(uint64_t) + INDEX_ALIGNMENT)
        return;
    sums->offset = (size - blocks * sizeof(uint64_t)) / INDEX_ALIGNMENT * INDEX_ALIGNMENT;
    blocks = (sums->offset - INDEX_HEADER_SIZE + INDEX_BLOCK_SIZE - 1) / INDEX_BLOCK_SIZE;
    sums->size = blocks * sizeof(uint64_t);
    if (sums->size > size - sums->offset)
        return;
    for (uint64_t i = 0; i < blocks; i++) {
        uint64_t offset = INDEX_HEADER_SIZE + i * INDEX_BLOCK_SIZE, left = sums->offset - offset;
        XXH64_hash_t sum =
            XXH3_64bits(data + offset, left < INDEX_BLOCK_SIZE ? left : INDEX_BLOCK_SIZE);
        memcpy(data + sums->offset + i * sizeof(sum), &sum, sizeof(sum));
    }
    header.sums_checksum = XXH3_64bits(data + sums->offset, sums->size);
    header.checksum = XXH3_64bits(&header, offsetof(struct index_header, checksum));
    memcpy(data, &header, sizeof(header));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static int fd = -1;
    if (fd < 0)
        fd = memfd_create("index", MFD_CLOEXEC);
    FUZZ_REQUIRE(fd >= 0 && ftruncate(fd, 0) == 0 && pwrite(fd, data, size, 0) == (ssize_t)size);
    check(fd);
    uint8_t *copy = malloc(size + 1);
    FUZZ_REQUIRE(copy);
    memcpy(copy, data, size);
    seal(copy, size);
    FUZZ_REQUIRE(pwrite(fd, copy, size, 0) == (ssize_t)size);
    free(copy);
    check(fd);
    return 0;
}
