/* SPDX-License-Identifier: MIT */
#include "crashd/indexstore.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/grow.h"
#include "base/hex.h"
#include "base/text.h"

#define TEMPORARY ".tmp-"

enum {
    DIRECTORY_FLAGS = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW,
    ID_MIN = 4,
    PATH_SIZE = 160
};

bool indexstore_id_valid(const char *build_id) {
    size_t digits = strlen(build_id);
    return digits >= ID_MIN && digits <= INDEXSTORE_ID_MAX && digits % 2 == 0 &&
           hex_is(build_id, digits);
}

static void path_of(const char *build_id, char path[PATH_SIZE]) {
    snprintf(path, PATH_SIZE, "%.2s/%s.idx", build_id, build_id + 2);
}

static int open_below(int parent, const char *name, bool make) {
    if (make && mkdirat(parent, name, 0755) < 0 && errno != EEXIST)
        return -errno;
    int fd = openat(parent, name, DIRECTORY_FLAGS);
    /* Another umask must not keep workers out. */
    if (fd >= 0 && make)
        fchmod(fd, 0755);
    return fd < 0 ? -errno : fd;
}

int indexstore_open(int state, uint32_t domain) {
    char name[16];
    snprintf(name, sizeof name, "%u", domain);
    BASE_CLEANUP(close)
    int all = open_below(state, "index", true);
    return all < 0 ? all : open_below(all, name, true);
}

int indexstore_begin(int directory, char temporary[INDEXSTORE_TEMPORARY_MAX]) {
    snprintf(temporary, INDEXSTORE_TEMPORARY_MAX, TEMPORARY "%d", (int)getpid());
    int fd = openat(directory, temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0)
        return -errno;
    /* Whoever tidies up sees that it is in use, for as long as the builder lives. */
    flock(fd, LOCK_EX | LOCK_NB);
    fchmod(fd, 0644);
    return fd;
}

int indexstore_install(int directory, const char *temporary, const char *build_id) {
    char path[PATH_SIZE], below[3] = {build_id[0], build_id[1], '\0'};
    path_of(build_id, path);
    int fd = open_below(directory, below, true), r = fd < 0 ? fd : 0;
    if (fd >= 0)
        close(fd);
    if (r == 0 && renameat(directory, temporary, directory, path) < 0)
        r = -errno;
    if (r < 0)
        indexstore_abandon(directory, temporary);
    return r;
}

void indexstore_abandon(int directory, const char *temporary) {
    unlinkat(directory, temporary, 0);
}

void indexstore_remove(int directory, const char *build_id) {
    char path[PATH_SIZE];
    path_of(build_id, path);
    unlinkat(directory, path, 0);
}

void indexstore_touch(int directory, const char *build_id) {
    char path[PATH_SIZE];
    path_of(build_id, path);
    utimensat(directory, path, NULL, AT_SYMLINK_NOFOLLOW);
}

struct kept {
    char path[PATH_SIZE]; /* below index/ */
    struct timespec used;
    uint64_t size;
};

struct listing {
    int all; /* index/ */
    struct kept *kept;
    size_t n;
    uint64_t size;
};

static void remove_unused(int directory, const char *name) {
    BASE_CLEANUP(close)
    int fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
        unlinkat(directory, name, 0);
}

/* prefix: path below index/, of two levels of directories at most. */
static void list(struct listing *listing, const char *prefix, unsigned levels) {
    int fd = openat(listing->all, prefix, DIRECTORY_FLAGS);
    BASE_CLEANUP(closedir)
    DIR *directory = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;
    if (!directory && fd >= 0)
        close(fd);
    /* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): an open one */
    while (directory && (entry = readdir(directory))) {
        struct kept kept;
        struct stat st;
        if (text_starts_with(entry->d_name, TEMPORARY))
            remove_unused(dirfd(directory), entry->d_name);
        if (entry->d_name[0] == '.' || snprintf(kept.path, sizeof kept.path, "%s/%s", prefix,
                                                entry->d_name) >= (int)sizeof kept.path)
            continue;
        if (levels > 0) {
            list(listing, kept.path, levels - 1);
            continue;
        }
        struct kept *grown = grow(listing->kept, listing->n, sizeof *grown);
        if (!grown)
            return;
        listing->kept = grown;
        if (fstatat(dirfd(directory), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
            continue;
        kept.used = st.st_mtim;
        kept.size = (uint64_t)st.st_size;
        listing->size += kept.size;
        grown[listing->n++] = kept;
    }
}

static int compare_use(const void *a, const void *b) {
    const struct kept *x = a, *y = b;
    if (x->used.tv_sec != y->used.tv_sec)
        return x->used.tv_sec < y->used.tv_sec ? -1 : 1;
    return x->used.tv_nsec < y->used.tv_nsec ? -1 : x->used.tv_nsec > y->used.tv_nsec;
}

void indexstore_shrink(int state, uint64_t limit) {
    BASE_CLEANUP(close)
    int all = open_below(state, "index", false);
    struct listing listing = {.all = all};
    if (all < 0)
        return;
    list(&listing, ".", 2);
    if (listing.n > 0)
        qsort(listing.kept, listing.n, sizeof *listing.kept, compare_use);
    for (size_t i = 0; i < listing.n && listing.size > limit; i++)
        if (unlinkat(all, listing.kept[i].path, 0) == 0)
            listing.size -= listing.kept[i].size;
    free(listing.kept);
}
