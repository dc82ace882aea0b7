/* SPDX-License-Identifier: MIT */
/* Debug files that a worker was given: they serve the reports after the one that they came for. */
#ifndef CRASHD_KEPTFILES_H
#define CRASHD_KEPTFILES_H

#include <jansson.h>
#include <stdbool.h>

#include "symbolizer/symbolizer.h"

enum { KEPTFILES_MAX = 32 };

struct keptfiles;

/* directory: the cache's, whose paths stand for the descriptors. */
struct keptfiles *keptfiles_new(const char *directory);
struct keptfiles *keptfiles_free(struct keptfiles *kept);
/* Takes over fd, unless it returns false. key: as debugcache_key_read takes it. */
bool keptfiles_add(struct keptfiles *kept, const json_t *key, int fd);
/* Returns how many. */
size_t keptfiles_list(const struct keptfiles *kept, struct walk_file files[KEPTFILES_MAX]);

#endif
