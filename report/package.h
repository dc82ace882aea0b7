/* SPDX-License-Identifier: MIT */
/* Which Debian package a file is of. */
#ifndef REPORT_PACKAGE_H
#define REPORT_PACKAGE_H

#include <stddef.h>

struct package_cache;

struct package_cache *package_cache_new(void);
struct package_cache *package_cache_free(struct package_cache *cache);

/* Looks for all of them at once, which takes no longer than for one: later questions are answered
 * from memory. */
void package_prepare(struct package_cache *cache, const char *const *paths, size_t n);

/* Both NULL if no package owns path. They live until the next call. */
void package_find(struct package_cache *cache, const char *path, const char **name,
                  const char **version);

#endif
