/* SPDX-License-Identifier: MIT */
/* The dynamic symbols of a module, as they are in memory. */
#ifndef LIBCRASHHOOK_SYMBOLS_H
#define LIBCRASHHOOK_SYMBOLS_H

#include <stdbool.h>
#include <stdint.h>

#include "libcrashhook/memory.h"

struct symbols {
    struct memory *memory;
    uint64_t bias;
    uint64_t table, table_size;
    uint64_t strings, strings_size;
    uint64_t gnu_hash, hash;
    uint64_t versions;
};

/* Async-signal-safe, all of it. */
bool symbols_open(struct symbols *symbols, uint64_t bias, uint64_t dynamic, struct memory *memory);
/* The address of a defined symbol in its default version, and its size; 0 when there is none. */
uint64_t symbols_find(const struct symbols *symbols, const char *name, uint64_t *size);

#endif
