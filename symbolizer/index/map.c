/* SPDX-License-Identifier: MIT */
#include "symbolizer/index/map.h"

#include <errno.h>
#include <stdlib.h>

void index_map_free(struct index_map *map) {
    free(map->slots);
    *map = (struct index_map){0};
}

/* Keys are addresses and offsets, too: near to each other, and with a regular distance. */
static size_t slot_of(const struct index_map *map, uint64_t key) {
    return (size_t)((key * UINT64_C(0x9e3779b97f4a7c15)) >> 20) & (map->size - 1);
}

uint32_t index_map_get(const struct index_map *map, uint64_t key) {
    if (map->size == 0)
        return 0;
    for (size_t i = slot_of(map, key); map->slots[i].value; i = (i + 1) & (map->size - 1))
        if (map->slots[i].key == key)
            return map->slots[i].value;
    return 0;
}

static void insert(struct index_map *map, uint64_t key, uint32_t value) {
    size_t i = slot_of(map, key);
    while (map->slots[i].value)
        i = (i + 1) & (map->size - 1);
    map->slots[i] = (struct index_map_slot){key, value};
    map->n++;
}

int index_map_put(struct index_map *map, uint64_t key, uint32_t value) {
    if (map->n * 2 >= map->size) {
        struct index_map grown = {.size = map->size ? map->size * 2 : 1024};
        grown.slots = calloc(grown.size, sizeof(*grown.slots));
        if (!grown.slots)
            return -ENOMEM;
        for (size_t i = 0; i < map->size; i++)
            if (map->slots[i].value)
                insert(&grown, map->slots[i].key, map->slots[i].value);
        index_map_free(map);
        *map = grown;
    }
    insert(map, key, value);
    return 0;
}
