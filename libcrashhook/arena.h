/* SPDX-License-Identifier: MIT */
/* Memory for one capture, given out from the front and never taken back. Async-signal-safe. */
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

#endif
