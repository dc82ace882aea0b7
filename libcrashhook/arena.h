/* SPDX-License-Identifier: MIT */
/*
 * Memory for one capture, given out and never taken back: from the front what every capture needs,
 * close together, as each page costs a fault; from the end what only large ones fill.
 * Async-signal-safe.
 */
#ifndef LIBCRASHHOOK_ARENA_H
#define LIBCRASHHOOK_ARENA_H

#include <stddef.h>
#include <stdint.h>

struct arena {
    uint8_t *at;
    size_t left;
};

static inline void *arena_take(struct arena *arena, size_t size) {
    uint8_t *memory = arena->at;

    size = (size + 15) & ~(size_t)15;
    if (memory == NULL || size > arena->left)
        return NULL;
    arena->at += size;
    arena->left -= size;
    return memory;
}

static inline void *arena_take_end(struct arena *arena, size_t size) {
    size = (size + 15) & ~(size_t)15;
    if (arena->at == NULL || size > arena->left)
        return NULL;
    arena->left = (arena->left - size) & ~(size_t)15;
    return arena->at + arena->left;
}

#endif
