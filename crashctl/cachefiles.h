/* SPDX-License-Identifier: MIT */
/* Files that crashd could make or fetch again: indexes, debug files of debuginfod servers. */
#ifndef CRASHCTL_CACHEFILES_H
#define CRASHCTL_CACHEFILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cachefile {
    char *path;
    uint64_t size;
    int64_t used; /* CLOCK_REALTIME, seconds */
    bool useless; /* an index that no lookup takes, or what was never finished */
};

struct cachefiles {
    struct cachefile *files; /* those that were not used for longest first */
    size_t n;
};

/* Adds what is below directory, if there is one; indexes: only those, and they are looked into. 0
 * or -ENOMEM. */
int cachefiles_add(struct cachefiles *files, const char *directory, bool indexes);
void cachefiles_sort(struct cachefiles *files);
void cachefiles_free(struct cachefiles *files);

#endif
