/* SPDX-License-Identifier: MIT */
/* Which Debian package a file is of. */
#ifndef CRASHD_PACKAGE_H
#define CRASHD_PACKAGE_H

struct package_cache;

struct package_cache *package_cache_new(void);
struct package_cache *package_cache_free(struct package_cache *cache);

/* Both NULL if no package owns path. They live until the next call. */
void package_find(struct package_cache *cache, const char *path, const char **name,
                  const char **version);

#endif
