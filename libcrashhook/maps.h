/* SPDX-License-Identifier: MIT */
/* The mappings of the process, from /proc/self/maps. */
#ifndef LIBCRASHHOOK_MAPS_H
#define LIBCRASHHOOK_MAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libcrashhook/arena.h"

struct mapping {
    uint64_t start, end, offset, inode;
    uint32_t major, minor;
    const char *path; /* NULL for anonymous memory */
    uint16_t path_length;
    uint8_t prot; /* SNAPSHOT_PROT_ */
};

struct maps {
    struct mapping *mappings; /* sorted by address, as the kernel lists them */
    size_t count;
    size_t dropped; /* for which there was no room */
    bool partial;   /* there may be memory that is not in the list */
};

/* Async-signal-safe. A negative errno if there is no /proc. */
int maps_read(struct maps *maps, struct arena *arena);
const struct mapping *maps_find(const struct maps *maps, uint64_t address);
/* The first mapping that ends behind the address; NULL if there is none. */
const struct mapping *maps_find_from(const struct maps *maps, uint64_t address);
/* Reading a device's memory may do something: never touch it. */
bool maps_may_read(const struct mapping *mapping);

#endif
