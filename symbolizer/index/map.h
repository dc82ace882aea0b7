/* SPDX-License-Identifier: MIT */
/* Numbers by number. */
#ifndef SYMBOLIZER_INDEX_MAP_H
#define SYMBOLIZER_INDEX_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct index_map {
    struct index_map_slot {
        uint64_t key;
        uint32_t value; /* 0: free */
    } * slots;
    size_t n, size; /* size: a power of two, or 0 */
};

void index_map_free(struct index_map *map);
/* 0 if there is none. */
uint32_t index_map_get(const struct index_map *map, uint64_t key);
/* value is not 0, and key not in the map. 0 or -ENOMEM. */
int index_map_put(struct index_map *map, uint64_t key, uint32_t value);

#endif
