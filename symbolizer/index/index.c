/* SPDX-License-Identifier: MIT */
#include "symbolizer/index/index.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "symbolizer/dwarf/bytes.h"

enum { TEXTS_SIZE = 1 << 16, TEXTS_LIMIT = 256 << 20, ROPE_SIZE = 4096 };

struct index_texts_made {
    struct index_texts_made *next;
    size_t size, used;
    char bytes[];
};

static uint64_t blocks_end(const struct index *index) {
    return index->header.sections[INDEX_SUMS].offset;
}

static uint64_t n_blocks(const struct index *index) {
    return (blocks_end(index) - INDEX_HEADER_SIZE + INDEX_BLOCK_SIZE - 1) / INDEX_BLOCK_SIZE;
}

static int check_header(const struct index *index, const uint8_t *build_id, size_t build_id_size) {
    const struct index_header *header = &index->header;
    if (memcmp(header->magic, INDEX_MAGIC, sizeof(header->magic)) != 0)
        return -EBADMSG;
    if (header->version != INDEX_VERSION)
        return -EPROTONOSUPPORT;
    if (header->checksum != XXH3_64bits(header, offsetof(struct index_header, checksum)) ||
        header->size != index->size || header->build_id_size > sizeof(header->build_id))
        return -EBADMSG;
    if (build_id_size > 0 && (header->build_id_size != build_id_size ||
                              memcmp(header->build_id, build_id, build_id_size) != 0))
        return -ESTALE;
    for (size_t i = 0; i < INDEX_SECTIONS; i++) {
        const struct index_section *section = &header->sections[i];
        uint64_t end = i == INDEX_SUMS ? index->size : blocks_end(index);
        if (section->offset < INDEX_HEADER_SIZE || section->offset % INDEX_ALIGNMENT ||
            section->offset > end || section->size > end - section->offset)
            return -EBADMSG;
    }
    const struct index_section *sums = &header->sections[INDEX_SUMS];
    if (sums->size != n_blocks(index) * sizeof(uint64_t) ||
        header->sums_checksum != XXH3_64bits(index->data + sums->offset, sums->size))
        return -EBADMSG;
    return header->sections[INDEX_LOWS].size == header->sections[INDEX_OFFSETS].size ? 0 : -EBADMSG;
}

int index_open(int fd, const uint8_t *build_id, size_t build_id_size, struct index **ret) {
    struct stat st;
    if (fstat(fd, &st) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode) || st.st_size < INDEX_HEADER_SIZE)
        return -EBADMSG;
    BASE_CLEANUP(index_close)
    struct index *index = calloc(1, sizeof(*index));
    if (!index)
        return -ENOMEM;
    void *data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
    if (data == MAP_FAILED)
        return -errno;
    index->data = data;
    index->size = (size_t)st.st_size;
    memcpy(&index->header, data, sizeof(index->header));
    int r = check_header(index, build_id, build_id_size);
    if (r < 0)
        return r;
    index->verified = calloc(n_blocks(index) / 8 + 1, 1);
    if (!index->verified)
        return -ENOMEM;
    *ret = TAKE_POINTER(index);
    return 0;
}

struct index *index_close(struct index *index) {
    if (index) {
        if (index->data)
            munmap((void *)index->data, index->size);
        for (struct index_texts_made *made; (made = index->texts);) {
            index->texts = made->next;
            free(made);
        }
        index_map_free(&index->by_name);
        free(index->names);
        free(index->verified);
        free(index);
    }
    return NULL;
}

static bool verify(struct index *index, uint64_t block) {
    if (index->verified[block / 8] & (1 << block % 8))
        return true;
    uint64_t offset = INDEX_HEADER_SIZE + block * INDEX_BLOCK_SIZE,
             size = blocks_end(index) - offset;
    uint64_t sum;
    memcpy(&sum, index->data + blocks_end(index) + block * sizeof(sum), sizeof(sum));
    if (XXH3_64bits(index->data + offset, size < INDEX_BLOCK_SIZE ? size : INDEX_BLOCK_SIZE) != sum)
        return false;
    index->verified[block / 8] |= (uint8_t)(1 << block % 8);
    return true;
}

static bool verify_range(struct index *index, uint64_t offset, uint64_t size) {
    uint64_t first = (offset - INDEX_HEADER_SIZE) / INDEX_BLOCK_SIZE,
             last = (offset + size - 1 - INDEX_HEADER_SIZE) / INDEX_BLOCK_SIZE;
    for (uint64_t block = first; block <= last; block++)
        if (!verify(index, block))
            return false;
    return true;
}

const uint8_t *index_bytes(struct index *index, enum index_section_id id, uint64_t offset,
                           uint64_t size) {
    const struct index_section *section = &index->header.sections[id];
    if (offset > section->size || size > section->size - offset)
        return NULL;
    if (size > 0 && !verify_range(index, section->offset + offset, size))
        return NULL;
    return index->data + section->offset + offset;
}

static bool plain_text(struct index *index, uint32_t offset, const char **ret) {
    const struct index_section *section = &index->header.sections[INDEX_STRINGS];
    for (uint64_t at = offset; at < section->size;) {
        uint64_t in_block = (section->offset + at - INDEX_HEADER_SIZE) % INDEX_BLOCK_SIZE;
        uint64_t size = INDEX_BLOCK_SIZE - in_block;
        if (size > section->size - at)
            size = section->size - at;
        const uint8_t *part = index_bytes(index, INDEX_STRINGS, at, size);
        if (!part)
            return false;
        if (memchr(part, 0, size)) {
            *ret = (const char *)index->data + section->offset + offset;
            return true;
        }
        at += size;
    }
    return false;
}

/* Calls may hold texts from before, so what was made stays where it is. */
static char *allocate(struct index *index, size_t size) {
    if (index->texts && index->texts->size - index->texts->used >= size) {
        char *at = index->texts->bytes + index->texts->used;
        index->texts->used += size;
        return at;
    }
    size_t allocated = size > TEXTS_SIZE ? size : TEXTS_SIZE;
    if (index->texts_total + allocated > TEXTS_LIMIT)
        return NULL;
    struct index_texts_made *made = malloc(sizeof(*made) + allocated);
    if (!made)
        return NULL;
    index->texts_total += allocated;
    *made = (struct index_texts_made){.next = index->texts, .size = allocated, .used = size};
    index->texts = made;
    return made->bytes;
}

static bool make_text(struct index *index, uint32_t offset, const char **ret) {
    const struct index_section *section = &index->header.sections[INDEX_ROPES];
    uint64_t size = section->size - offset;
    if (offset >= section->size)
        return false;
    /* Honest ropes are a few parts. */
    const uint8_t *data =
        index_bytes(index, INDEX_ROPES, offset, size < ROPE_SIZE ? size : ROPE_SIZE);
    if (!data)
        return false;
    struct bytes bytes = bytes_of(data, size < ROPE_SIZE ? size : ROPE_SIZE, 0);
    struct part {
        const uint8_t *from;
        uint64_t size;
    } parts[INDEX_PARTS_LIMIT];
    uint64_t n = bytes_uleb(&bytes), total = 0, end = 0;
    if (n > INDEX_PARTS_LIMIT)
        return false;
    for (uint64_t i = 0; i < n; i++) {
        struct part *part = &parts[i];
        part->size = bytes_uleb(&bytes);
        uint64_t from = end + (uint64_t)bytes_sleb(&bytes);
        part->from = bytes.bad ? NULL : index_bytes(index, INDEX_STRINGS, from, part->size);
        if (!part->from || (total += part->size) > INDEX_TEXT_LIMIT)
            return false;
        /* They are all over the file: to wait for each of them is what a lookup would cost most. */
        __builtin_prefetch(part->from);
        __builtin_prefetch(part->from + 64);
        end = from + part->size;
    }
    char *text = allocate(index, total + 1), *at = text;
    for (uint64_t i = 0; text && i < n; i++)
        at = mempcpy(at, parts[i].from, parts[i].size);
    if (text)
        *at = '\0';
    *ret = text;
    return text;
}

bool index_text(struct index *index, uint32_t number, const char **ret) {
    *ret = NULL;
    if (number == 0)
        return true;
    if (!(number & INDEX_TEXT_ROPE))
        return plain_text(index, number, ret);
    return make_text(index, number & ~INDEX_TEXT_ROPE, ret);
}
