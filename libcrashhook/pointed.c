/* SPDX-License-Identifier: MIT */
/*
 * Async-signal-safe. What pointers point to is where variables keep their values; files have what
 * cannot be written, so only writable memory is taken: what the registers and the newest words of
 * the stack point to, and what the beginning of that points to (the text of a string in an object).
 */
#include "libcrashhook/pointed.h"

#include "libcrashhook/capture.h"
#include "libcrashhook/dontdump.h"
#include "libcrashhook/stacks.h"
#include "libcrashhook/text.h"

enum {
    PIECE = 128,
    PIECES_MAX = 768,
    TABLE_SIZE = 2048, /* a power of two, larger than PIECES_MAX */
    NEAR_SIZE = 256,   /* taken behind a pointer of the stack */
    FAR_SIZE = 128,    /* and behind one in what such a pointer points to */
    STACK_WORDS = 4096,
    BATCH = CAPTURE_SCRATCH_SIZE / PIECE,
};

struct pointed {
    struct capture *capture;
    uint64_t *pieces; /* in the order of their discovery; the end of the table is sorted */
    size_t count, written;
    uint64_t *table;                 /* the same, for finding them again */
    uint64_t stack_start, stack_end; /* captured already */
    uint64_t lowest, highest;
    const struct mapping *last; /* pointers come in crowds */
};

/* Is it in memory that may be taken? */
static bool is_wanted(struct pointed *pointed, uint64_t address) {
    const struct mapping *mapping = pointed->last;

    if (address < pointed->lowest || address >= pointed->highest ||
        (address >= pointed->stack_start && address < pointed->stack_end))
        return false;
    if (mapping == NULL || address < mapping->start || address >= mapping->end)
        mapping = maps_find(&pointed->capture->maps, address);
    if (mapping == NULL)
        return false;
    pointed->last = mapping;
    return (mapping->prot & SNAPSHOT_PROT_WRITE) != 0 && maps_may_read(mapping);
}

static void add_piece(struct pointed *pointed, uint64_t start) {
    size_t slot = (size_t)(start / PIECE * UINT64_C(0x9e3779b97f4a7c15) >> 32) % TABLE_SIZE;

    if (pointed->count == PIECES_MAX)
        return;
    for (; pointed->table[slot] != 0; slot = (slot + 1) % TABLE_SIZE) {
        if (pointed->table[slot] == start)
            return;
    }
    if (dontdump_may_cover(start, PIECE))
        return;
    pointed->table[slot] = start;
    pointed->pieces[pointed->count++] = start;
}

static void follow(struct pointed *pointed, uint64_t address, uint64_t size) {
    uint64_t start = address & ~(uint64_t)(PIECE - 1);

    if (!is_wanted(pointed, address))
        return;
    for (uint64_t at = start; at < address + size && at < pointed->last->end; at += PIECE)
        add_piece(pointed, at);
}

static void follow_words(struct pointed *pointed, const uint64_t *words, size_t n, uint64_t size) {
    for (size_t i = 0; i < n; i++)
        follow(pointed, words[i], size);
}

/* Neighbours come together, so that they are written as one. */
static void sort(uint64_t *pieces, size_t n) {
    for (size_t gap = n / 2; gap > 0; gap /= 2) {
        for (size_t i = gap; i < n; i++) {
            uint64_t piece = pieces[i];
            size_t at = i;
            for (; at >= gap && pieces[at - gap] > piece; at -= gap)
                pieces[at] = pieces[at - gap];
            pieces[at] = piece;
        }
    }
}

static void write_range(struct capture *capture, uint64_t address, const uint8_t *bytes,
                        size_t size) {
    struct snapshot_writer *writer = &capture->writer;

    if (!capture_has_room(capture, size)) {
        capture->dropped_memory += size;
        return;
    }
    snapshot_writer_begin(writer, SNAPSHOT_SECTION_MEMORY, size);
    snapshot_writer_uint(writer, SNAPSHOT_MEMORY_ADDRESS, address);
    snapshot_writer_uint(writer, SNAPSHOT_MEMORY_KIND, SNAPSHOT_MEMORY_KIND_POINTED);
    snapshot_writer_bin(writer, SNAPSHOT_MEMORY_BYTES, bytes, size);
    snapshot_writer_end(writer);
}

/* One batch of sorted pieces; further ones may be found in them. */
static void write_batch(struct pointed *pointed, const uint64_t *pieces, size_t n, bool search) {
    uint8_t *bytes = pointed->capture->scratch;
    bool read[BATCH];

    memory_read_many(&pointed->capture->memory, pieces, n, bytes, PIECE, read);
    for (size_t first = 0, end; first < n; first = end) {
        for (end = first;
             end < n && read[end] && pieces[end] == pieces[first] + (end - first) * PIECE; end++)
            continue;
        if (end == first) {
            end++;
            continue;
        }
        write_range(pointed->capture, pieces[first], bytes + first * PIECE, (end - first) * PIECE);
    }
    for (size_t i = 0; search && i < n; i++) {
        if (read[i])
            follow_words(pointed, (const uint64_t *)(bytes + i * PIECE), PIECE / sizeof(uint64_t),
                         FAR_SIZE);
    }
}

/* What has been found since the last time. */
static void write_found(struct pointed *pointed, bool search) {
    size_t end = pointed->count;

    sort(pointed->pieces + pointed->written, end - pointed->written);
    while (pointed->written < end) {
        size_t n = end - pointed->written < BATCH ? end - pointed->written : BATCH;
        write_batch(pointed, pointed->pieces + pointed->written, n, search);
        pointed->written += n;
    }
}

static void follow_stack(struct pointed *pointed, uint64_t sp) {
    struct capture *capture = pointed->capture;
    uint64_t *words = (uint64_t *)capture->scratch;
    uint64_t at = sp & ~(uint64_t)7, end = at + STACK_WORDS * sizeof *words;

    while (at < end) {
        uint64_t size = end - at < CAPTURE_SCRATCH_SIZE ? end - at : CAPTURE_SCRATCH_SIZE;
        size_t got = memory_read(&capture->memory, at, words, size);
        follow_words(pointed, words, got / sizeof *words, NEAR_SIZE);
        if (got < size)
            return;
        at += got;
    }
}

void pointed_write(struct capture *capture) {
    const uint64_t *registers = capture->request.cause->registers;
    const struct maps *maps = &capture->maps;
    uint64_t sp = stacks_readable_sp(capture, registers[SNAPSHOT_REGISTER_RSP]);
    struct pointed pointed = {
        .capture = capture,
        .stack_start = sp & ~(uint64_t)15,
        .stack_end = sp + SNAPSHOT_WRITER_BIN_MAX - ARCH_RED_ZONE,
        .pieces = arena_take(&capture->arena, PIECES_MAX * sizeof(uint64_t)),
        .table = arena_take(&capture->arena, TABLE_SIZE * sizeof(uint64_t)),
    };

    if (pointed.pieces == NULL || pointed.table == NULL || maps->count == 0)
        return;
    text_zero(pointed.table, TABLE_SIZE * sizeof(uint64_t));
    pointed.lowest = maps->mappings[0].start;
    pointed.highest = maps->mappings[maps->count - 1].end;
    follow_words(&pointed, registers, SNAPSHOT_REGISTER_RIP, NEAR_SIZE);
    follow_stack(&pointed, sp);
    write_found(&pointed, true);
    write_found(&pointed, false);
}
