/* SPDX-License-Identifier: MIT */
#include "crashd/wanted.h"

#include <unistd.h>

#include "base/cleanup.h"

void wanted_add(struct wanted *wanted, const json_t *missing,
                void (*useless)(void *context, const struct debugcache_key *key), void *context) {
    for (size_t i = 0; i < json_array_size(missing); i++) {
        struct debugcache_key key;
        size_t k = 0;
        if (!debugcache_key_read(json_array_get(missing, i), &key))
            continue;
        while (k < wanted->n && !debugcache_same(&wanted->files[k].key, &key))
            k++;
        if (k < wanted->n && wanted->files[k].fd >= 0) {
            useless(context, &key);
        } else if (k == wanted->n && k < WANTED_MAX) {
            wanted->files[k].key = key;
            wanted->files[k].fd = -1;
            wanted->n++;
        }
    }
}

void wanted_open(struct wanted *wanted, int cache) {
    for (size_t i = 0; i < wanted->n; i++) {
        if (wanted->files[i].fd >= 0)
            continue;
        int fd = debugcache_take(cache, &wanted->files[i].key);
        wanted->files[i].fd = fd < 0 ? -1 : fd;
    }
}

size_t wanted_count(const struct wanted *wanted) {
    int fds[WANTED_MAX];
    return wanted_fds(wanted, fds);
}

json_t *wanted_keys(const struct wanted *wanted, bool there) {
    json_t *keys = json_array();
    for (size_t i = 0; keys && i < wanted->n; i++)
        if ((wanted->files[i].fd >= 0) == there)
            json_array_append_new(keys, debugcache_key_write(&wanted->files[i].key));
    return keys;
}

size_t wanted_fds(const struct wanted *wanted, int fds[WANTED_MAX]) {
    size_t n = 0;
    for (size_t i = 0; i < wanted->n; i++)
        if (wanted->files[i].fd >= 0)
            fds[n++] = wanted->files[i].fd;
    return n;
}

void wanted_clear(struct wanted *wanted) {
    for (size_t i = 0; i < wanted->n; i++)
        cleanup_close(&wanted->files[i].fd);
    *wanted = (struct wanted){0};
}
