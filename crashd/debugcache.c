/* SPDX-License-Identifier: MIT */
#include "crashd/debugcache.h"

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
#include "base/hex.h"
#include "base/log.h"
#include "base/text.h"
#include "control/debuginfod.h"
#include "crashd/ipc.h"

#define BUILD_IDS ".build-id"
#define TEMPORARY ".tmp-"

enum { DIRECTORY_FLAGS = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW, ID_MIN = 4 };

bool debugcache_key_read(const json_t *object, struct debugcache_key *ret) {
    const char *id = ipc_text(object, "build_id");
    size_t digits = strlen(id);
    if (digits < ID_MIN || digits > DEBUGCACHE_ID_MAX || digits % 2 || !hex_is(id, digits))
        return false;
    *ret = (struct debugcache_key){.executable = ipc_flag(object, "executable")};
    memcpy(ret->build_id, id, digits);
    return true;
}

json_t *debugcache_key_write(const struct debugcache_key *key) {
    return json_pack("{ss sb}", "build_id", key->build_id, "executable", key->executable);
}

bool debugcache_same(const struct debugcache_key *a, const struct debugcache_key *b) {
    return a->executable == b->executable && strcmp(a->build_id, b->build_id) == 0;
}

void debugcache_path(const struct debugcache_key *key, char path[DEBUGCACHE_PATH_MAX]) {
    snprintf(path, DEBUGCACHE_PATH_MAX, BUILD_IDS "/%.2s/%s%s", key->build_id, key->build_id + 2,
             key->executable ? "" : ".debug");
}

static int make_directory(int parent, const char *name) {
    return mkdirat(parent, name, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

int debugcache_open(int state, bool make) {
    int r = make ? make_directory(state, DEBUGINFOD_DIRECTORY) : 0;
    int fd = r < 0 ? r : openat(state, DEBUGINFOD_DIRECTORY, DIRECTORY_FLAGS);
    return r < 0 ? r : fd < 0 ? -errno : fd;
}

bool debugcache_has(int cache, const struct debugcache_key *key) {
    char path[DEBUGCACHE_PATH_MAX];
    debugcache_path(key, path);
    return faccessat(cache, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int debugcache_take(int cache, const struct debugcache_key *key) {
    char path[DEBUGCACHE_PATH_MAX];
    debugcache_path(key, path);
    int fd = openat(cache, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return -errno;
    futimens(fd, NULL);
    return fd;
}

void debugcache_touch(int cache, const struct debugcache_key *key) {
    char path[DEBUGCACHE_PATH_MAX];
    debugcache_path(key, path);
    utimensat(cache, path, NULL, AT_SYMLINK_NOFOLLOW);
}

int debugcache_begin(int cache, char temporary[DEBUGCACHE_TEMPORARY_MAX]) {
    for (unsigned i = 0; i < 1000; i++) {
        snprintf(temporary, DEBUGCACHE_TEMPORARY_MAX, TEMPORARY "%d-%u", (int)getpid(), i);
        int fd = openat(cache, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (fd >= 0)
            flock(fd, LOCK_EX | LOCK_NB);
        if (fd >= 0 || errno != EEXIST)
            return fd < 0 ? -errno : fd;
    }
    return -EEXIST;
}

int debugcache_install(int cache, const char *temporary, const struct debugcache_key *key) {
    char path[DEBUGCACHE_PATH_MAX];
    debugcache_path(key, path);
    char *slash = strrchr(path, '/');
    *slash = '\0';
    int r = make_directory(cache, BUILD_IDS);
    if (r == 0)
        r = make_directory(cache, path);
    *slash = '/';
    if (r == 0 && renameat(cache, temporary, cache, path) < 0)
        r = -errno;
    return r;
}

void debugcache_abandon(int cache, const char *temporary) {
    unlinkat(cache, temporary, 0);
}

static DIR *open_directory(int parent, const char *name) {
    int fd = openat(parent, name, DIRECTORY_FLAGS);
    DIR *directory = fd < 0 ? NULL : fdopendir(fd);
    if (!directory && fd >= 0)
        close(fd);
    return directory;
}

void debugcache_tidy(int cache) {
    BASE_CLEANUP(closedir)
    DIR *directory = open_directory(cache, ".");
    struct dirent *entry;
    while (directory && (entry = readdir(directory))) {
        if (!text_starts_with(entry->d_name, TEMPORARY))
            continue;
        BASE_CLEANUP(close)
        int fd = openat(cache, entry->d_name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        /* Daemons of a user and his runs share a cache: what is being written is locked. */
        if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
            unlinkat(cache, entry->d_name, 0);
    }
}

void debugcache_remove(int cache, const struct debugcache_key *key) {
    char path[DEBUGCACHE_PATH_MAX];
    debugcache_path(key, path);
    if (unlinkat(cache, path, 0) < 0 && errno != ENOENT)
        log_warning("debuginfod/%s: %m", path);
}

struct kept {
    char path[DEBUGCACHE_PATH_MAX];
    uint64_t size;
    int64_t used;
};

struct kept_list {
    struct kept *files;
    size_t n;
    uint64_t size;
};

static int add_kept(struct kept_list *list, int directory, const char *parent, const char *name) {
    struct stat st;
    if (fstatat(directory, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
        return 0;
    struct kept *grown = reallocarray(list->files, list->n + 1, sizeof *grown);
    if (!grown)
        return -ENOMEM;
    list->files = grown;
    struct kept *kept = &grown[list->n];
    int n = snprintf(kept->path, sizeof kept->path, BUILD_IDS "/%s/%s", parent, name);
    if (n < 0 || (size_t)n >= sizeof kept->path)
        return 0;
    kept->used = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
    kept->size = (uint64_t)st.st_blocks * 512;
    list->size += kept->size;
    list->n++;
    return 0;
}

static int list_kept(int cache, struct kept_list *list) {
    BASE_CLEANUP(closedir)
    DIR *ids = open_directory(cache, BUILD_IDS);
    struct dirent *entry;
    int r = 0;
    while (r == 0 && ids && (entry = readdir(ids))) {
        if (!hex_is(entry->d_name, 2))
            continue;
        BASE_CLEANUP(closedir)
        DIR *directory = open_directory(dirfd(ids), entry->d_name);
        struct dirent *file;
        while (r == 0 && directory && (file = readdir(directory)))
            r = add_kept(list, dirfd(directory), entry->d_name, file->d_name);
    }
    return r;
}

static int longest_unused_first(const void *a, const void *b) {
    const struct kept *x = a, *y = b;
    return (x->used > y->used) - (x->used < y->used);
}

void debugcache_shrink(int cache, uint64_t limit) {
    struct kept_list list = {0};
    if (list_kept(cache, &list) == 0 && list.size > limit) {
        qsort(list.files, list.n, sizeof *list.files, longest_unused_first);
        for (size_t i = 0; i < list.n && list.size > limit; i++)
            if (unlinkat(cache, list.files[i].path, 0) == 0)
                list.size -= list.files[i].size;
    }
    free(list.files);
}
