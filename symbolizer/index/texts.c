/* SPDX-License-Identifier: MIT */
/*
 * Names of templates repeat each other's parts, demangled ones most of all. Only what has not been
 * there before is added to the strings; the rest of a text is said as parts of them. Parts are of
 * the strings themselves, not of other texts: to read a text is to copy a few pieces.
 */
#include "symbolizer/index/texts.h"

#include <errno.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "symbolizer/index/format.h"

enum {
    RECENT_BITS = 20,
    GRAM = 8,          /* bytes by which repetitions are found */
    PART_MIN = 24,     /* shorter repetitions cost more than they save */
    PART_AVERAGE = 32, /* where parts are shorter on average the whole text is worth being kept */
    WHOLE_MAX = 4096,
};

struct known_text {
    uint64_t check; /* the other half of its hash */
    uint32_t number;
};

struct part {
    uint32_t offset, size;
    bool is_new; /* at offset in the text itself, not yet in the strings */
};

int index_texts_start(struct index_texts *texts, size_t limit) {
    *texts = (struct index_texts){.limit = limit};
    texts->recent = calloc((size_t)1 << RECENT_BITS, sizeof(*texts->recent));
    buffer_u8(&texts->strings, 0);
    buffer_u8(&texts->ropes, 0);
    texts->indexed = 1;
    return texts->recent && !texts->strings.failed && !texts->ropes.failed ? 0 : -ENOMEM;
}

void index_texts_free(struct index_texts *texts) {
    buffer_free(&texts->strings);
    buffer_free(&texts->ropes);
    buffer_free(&texts->known);
    buffer_free(&texts->parts);
    index_map_free(&texts->by_hash);
    free(texts->recent);
}

static void fail(struct index_texts *texts, int error) {
    if (texts->error == 0)
        texts->error = error;
}

static size_t slot_of(const uint8_t *gram) {
    uint64_t value;
    memcpy(&value, gram, sizeof(value));
    return (size_t)(value * UINT64_C(0x9e3779b97f4a7c15) >> (64 - RECENT_BITS));
}

/* Makes what was added to the strings known as something that can be repeated. */
static void index_strings(struct index_texts *texts) {
    for (; texts->indexed + GRAM <= texts->strings.size; texts->indexed++)
        texts->recent[slot_of(texts->strings.data + texts->indexed)] = (uint32_t)texts->indexed;
}

static void add_part(struct index_texts *texts, size_t offset, size_t size, bool is_new) {
    struct part part = {(uint32_t)offset, (uint32_t)size, is_new};
    if (size > 0)
        buffer_add(&texts->parts, &part, sizeof(part));
}

static size_t common(const uint8_t *a, const uint8_t *b, size_t limit) {
    size_t n = 0;
    while (n < limit && a[n] == b[n])
        n++;
    return n;
}

/* Cuts the text into what the strings have and what they have not. */
static void find_parts(struct index_texts *texts, const uint8_t *text, size_t size) {
    const uint8_t *strings = texts->strings.data;
    size_t from = 0, at = 0;
    texts->parts.size = 0;
    while (at + PART_MIN <= size) {
        size_t place = texts->recent[slot_of(text + at)], back = 0;
        if (place == 0) {
            at++;
            continue;
        }
        size_t rest = texts->strings.size - place;
        size_t n = common(strings + place, text + at, rest < size - at ? rest : size - at);
        while (n >= GRAM && back < at - from && back + 1 < place &&
               strings[place - back - 1] == text[at - back - 1])
            back++;
        if (n + back < PART_MIN) {
            at++;
            continue;
        }
        add_part(texts, from, at - back - from, true);
        add_part(texts, place - back, n + back, false);
        from = at += n;
    }
    add_part(texts, from, size - from, true);
}

static uint32_t add_whole(struct index_texts *texts, const uint8_t *text, size_t size) {
    uint32_t number = (uint32_t)texts->strings.size;
    buffer_add(&texts->strings, text, size);
    buffer_u8(&texts->strings, 0);
    return number;
}

static uint32_t add_rope(struct index_texts *texts, const uint8_t *text) {
    uint32_t number = (uint32_t)texts->ropes.size | INDEX_TEXT_ROPE, end = 0;
    const struct part *parts = (const struct part *)(const void *)texts->parts.data;
    size_t n = texts->parts.size / sizeof(*parts);
    buffer_uleb(&texts->ropes, n);
    for (size_t i = 0; i < n; i++) {
        uint32_t offset = parts[i].offset;
        if (parts[i].is_new) {
            offset = (uint32_t)texts->strings.size;
            buffer_add(&texts->strings, text + parts[i].offset, parts[i].size);
        }
        buffer_uleb(&texts->ropes, parts[i].size);
        buffer_sleb(&texts->ropes, (int64_t)offset - end);
        end = offset + parts[i].size;
    }
    return number;
}

static uint32_t store(struct index_texts *texts, const uint8_t *text, size_t size) {
    uint32_t number;
    if (size > texts->limit - texts->strings.size || texts->ropes.size > texts->limit) {
        fail(texts, -EFBIG);
        return 0;
    }
    find_parts(texts, text, size);
    size_t n = texts->parts.size / sizeof(struct part);
    bool scattered = (n > 2 && n * PART_AVERAGE > size && size <= WHOLE_MAX) ||
                     n > INDEX_PARTS_LIMIT || size > INDEX_TEXT_LIMIT;
    if (texts->parts.failed) {
        fail(texts, -ENOMEM);
        return 0;
    }
    const struct part *first = (const struct part *)(const void *)texts->parts.data;
    if (n == 0 || scattered || (n == 1 && first->is_new))
        number = add_whole(texts, text, size);
    else
        number = add_rope(texts, text);
    if (texts->strings.failed || texts->ropes.failed)
        fail(texts, -ENOMEM);
    else
        index_strings(texts);
    return number;
}

uint32_t index_texts_add(struct index_texts *texts, const char *text) {
    if (!text || texts->error < 0)
        return 0;
    size_t size = strlen(text);
    XXH128_hash_t hash = XXH3_128bits(text, size);
    const struct known_text *known = (const struct known_text *)(const void *)texts->known.data;
    uint64_t key = hash.low64;
    for (uint32_t at; (at = index_map_get(&texts->by_hash, key)); key++)
        if (known[at - 1].check == hash.high64)
            return known[at - 1].number;
    struct known_text added = {hash.high64, store(texts, (const uint8_t *)text, size)};
    buffer_add(&texts->known, &added, sizeof(added));
    if (texts->known.failed ||
        index_map_put(&texts->by_hash, key, (uint32_t)(texts->known.size / sizeof(added))) < 0)
        fail(texts, -ENOMEM);
    return added.number;
}
