/* SPDX-License-Identifier: MIT */
/*
 * Debug files that came from debuginfod servers, in the directory debuginfod/ of a state directory
 * as gdb and the symbolizer look for them: .build-id/xx/yyyy.debug, and .build-id/xx/yyyy for
 * whole executables.
 *
 * One for all trust domains: what it holds came from servers that the administrator chose, never
 * from a user. Someone who forges a build-id gets the file that anybody gets who asks those servers
 * for it, and cannot put one of his own into another's way.
 */
#ifndef CRASHD_DEBUGCACHE_H
#define CRASHD_DEBUGCACHE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DEBUGCACHE_ID_MAX = 128, DEBUGCACHE_PATH_MAX = 160, DEBUGCACHE_TEMPORARY_MAX = 40 };

struct debugcache_key {
    char build_id[DEBUGCACHE_ID_MAX + 1];
    bool executable; /* the file itself, not its debug information */
};

/* {"build_id", "executable"}; false if it is no such key. */
bool debugcache_key_read(const json_t *object, struct debugcache_key *ret);
json_t *debugcache_key_write(const struct debugcache_key *key);
bool debugcache_same(const struct debugcache_key *a, const struct debugcache_key *b);

/* Below the cache's directory. */
void debugcache_path(const struct debugcache_key *key, char path[DEBUGCACHE_PATH_MAX]);

/* The cache in a state directory, made if make says so. A descriptor or negative errno. */
int debugcache_open(int state, bool make);
bool debugcache_has(int cache, const struct debugcache_key *key);
/* For reading; it counts as used now. A descriptor or negative errno. */
int debugcache_take(int cache, const struct debugcache_key *key);
void debugcache_touch(int cache, const struct debugcache_key *key);

/* A new file of no name yet that anybody knows, and its place once it is whole. */
int debugcache_begin(int cache, char temporary[DEBUGCACHE_TEMPORARY_MAX]);
int debugcache_install(int cache, const char *temporary, const struct debugcache_key *key);
void debugcache_abandon(int cache, const char *temporary);
/* Removes what processes that were killed had begun. */
void debugcache_tidy(int cache);

void debugcache_remove(int cache, const struct debugcache_key *key);
/* Removes those that were not used for longest, until limit bytes are left. */
void debugcache_shrink(int cache, uint64_t limit);

#endif
