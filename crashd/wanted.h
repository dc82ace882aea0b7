/* SPDX-License-Identifier: MIT */
/* The debug files that a worker missed for one report, and those of them that it can be given. */
#ifndef CRASHD_WANTED_H
#define CRASHD_WANTED_H

#include "crashd/debugcache.h"

/* As many descriptors fit into a message beside those of modules. */
enum { WANTED_MAX = 12 };

struct wanted {
    struct {
        struct debugcache_key key;
        int fd; /* -1: not there */
    } files[WANTED_MAX];
    size_t n;
};

/* Adds what a worker names. What it names although it had been given it is of no use: handed to
 * useless(context, key). */
void wanted_add(struct wanted *wanted, const json_t *missing,
                void (*useless)(void *context, const struct debugcache_key *key), void *context);
/* Opens those that have come into the cache. */
void wanted_open(struct wanted *wanted, int cache);
/* How many are there. */
size_t wanted_count(const struct wanted *wanted);
/* Keys of those that are there, or are not; a new array, NULL if no memory. */
json_t *wanted_keys(const struct wanted *wanted, bool there);
/* Their descriptors, in the same order; returns how many. */
size_t wanted_fds(const struct wanted *wanted, int fds[WANTED_MAX]);
void wanted_clear(struct wanted *wanted);

#endif
