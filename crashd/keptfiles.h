/* SPDX-License-Identifier: MIT */
/* The cache of debug files, as a worker sees it: what it was given of it, which serves the reports
 * after the one that it came for, and what it may read itself. */
#ifndef CRASHD_KEPTFILES_H
#define CRASHD_KEPTFILES_H

#include <jansson.h>
#include <stdbool.h>

#include "report/report.h"
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
/* Keys of what a report was made with; NULL if no memory. */
json_t *keptfiles_used(const struct keptfiles *kept, const struct crash_report *report);

#endif
