/* SPDX-License-Identifier: MIT */
/*
 * Async-signal-safe. What pointers point to is where variables keep their values; files have what
 * cannot be written, so only writable memory is taken.
 */
#include "libcrashhook/pointed.h"

#include "libcrashhook/capture.h"
#include "libcrashhook/dontdump.h"
#include "libcrashhook/stacks.h"
#include "libcrashhook/text.h"

enum { RANGE_SIZE = 256, ALIGNMENT = 16, RANGES_MAX = 256, STACK_WORDS = 1024 };

struct pointed {
    uint64_t starts[RANGES_MAX];
    size_t count;
    uint64_t stack_start, stack_end; /* captured already */
};

static void follow(struct capture *capture, struct pointed *pointed, uint64_t address) {
    const struct mapping *mapping = maps_find(&capture->maps, address);
    uint64_t start = address & ~(uint64_t)(ALIGNMENT - 1), size = RANGE_SIZE;

    if (mapping == NULL || (mapping->prot & SNAPSHOT_PROT_WRITE) == 0 || !maps_may_read(mapping) ||
        pointed->count >= RANGES_MAX ||
        (start >= pointed->stack_start && start < pointed->stack_end))
        return;
    for (size_t i = 0; i < pointed->count; i++) {
        if (start >= pointed->starts[i] && start - pointed->starts[i] < RANGE_SIZE)
            return;
    }
    pointed->starts[pointed->count++] = start;
    if (size > mapping->end - start)
        size = mapping->end - start;
    if (dontdump_may_cover(start, size))
        return;
    capture_memory(capture, SNAPSHOT_MEMORY_KIND_POINTED, 0, start, size);
}

void pointed_write(struct capture *capture) {
    const uint64_t *registers = capture->request.cause->registers;
    uint64_t *words = (uint64_t *)capture->scratch;
    uint64_t sp = stacks_readable_sp(capture, registers[SNAPSHOT_REGISTER_RSP]);
    struct pointed pointed = {.stack_start = sp & ~(uint64_t)(ALIGNMENT - 1),
                              .stack_end = sp + SNAPSHOT_WRITER_BIN_MAX - ARCH_RED_ZONE};
    size_t got;

    for (int i = 0; i < SNAPSHOT_REGISTER_RIP; i++)
        follow(capture, &pointed, registers[i]);
    got = memory_read(&capture->memory, sp & ~(uint64_t)7, words, STACK_WORDS * sizeof *words);
    for (size_t i = 0; i < got / sizeof *words; i++)
        follow(capture, &pointed, words[i]);
}
