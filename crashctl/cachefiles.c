/* SPDX-License-Identifier: MIT */
#include "crashctl/cachefiles.h"

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
#include "base/text.h"
#include "symbolizer/index/index.h"

/* Of the deepest layout: .build-id/xx/yyyy, and DOMAIN/xx/yyyy.idx. */
enum { LEVELS = 2 };

static bool is_temporary(const char *name) {
    return text_starts_with(name, ".tmp-") || text_starts_with(name, ".new-");
}

/* Whoever writes a file holds its lock. */
static bool is_abandoned(int fd) {
    return flock(fd, LOCK_EX | LOCK_NB) == 0;
}

static bool is_index(int fd) {
    BASE_CLEANUP(index_close)
    struct index *index = NULL;
    return index_open(fd, NULL, 0, &index) == 0;
}

/* To look at a file is no use of it; only its owner may say so. */
static int open_unused(int directory, const char *name) {
    int flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
    int fd = openat(directory, name, flags | O_NOATIME);
    return fd < 0 && errno == EPERM ? openat(directory, name, flags) : fd;
}

static int add_file(struct cachefiles *files, int directory, const char *name, char *path,
                    bool indexes) {
    struct stat st;
    BASE_CLEANUP(free)
    char *owned = path;
    BASE_CLEANUP(close)
    int fd = open_unused(directory, name);
    if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        return 0;
    bool temporary = is_temporary(name);
    if (temporary ? !is_abandoned(fd) : indexes && !text_ends_with(name, ".idx"))
        return 0;
    struct cachefile *grown = grow(files->files, files->n, sizeof *grown);
    if (!grown)
        return -ENOMEM;
    files->files = grown;
    grown[files->n++] = (struct cachefile){
        .path = TAKE_POINTER(owned),
        .size = (uint64_t)st.st_size,
        .used = st.st_atime > st.st_mtime ? st.st_atime : st.st_mtime,
        .useless = temporary || (indexes && !is_index(fd)),
    };
    return 0;
}

static int add_below(struct cachefiles *files, int parent, const char *name, const char *path,
                     bool indexes, unsigned levels) {
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW), r = 0;
    if (fd < 0)
        return 0;
    BASE_CLEANUP(closedir)
    DIR *directory = fdopendir(fd);
    struct dirent *entry;
    if (!directory) {
        close(fd);
        return -ENOMEM;
    }
    while (r == 0 && (entry = readdir(directory))) {
        char *below;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (asprintf(&below, "%s/%s", path, entry->d_name) < 0)
            return -ENOMEM;
        struct stat st;
        bool is_directory =
            fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
        if (!is_directory) {
            r = add_file(files, fd, entry->d_name, below, indexes);
            continue;
        }
        if (levels > 0)
            r = add_below(files, fd, entry->d_name, below, indexes, levels - 1);
        free(below);
    }
    return r;
}

int cachefiles_add(struct cachefiles *files, const char *directory, bool indexes) {
    return add_below(files, AT_FDCWD, directory, directory, indexes, LEVELS);
}

static int compare_use(const void *a, const void *b) {
    const struct cachefile *x = a, *y = b;
    if (x->used != y->used)
        return x->used < y->used ? -1 : 1;
    return strcmp(x->path, y->path);
}

void cachefiles_sort(struct cachefiles *files) {
    if (files->n > 0)
        qsort(files->files, files->n, sizeof *files->files, compare_use);
}

void cachefiles_free(struct cachefiles *files) {
    for (size_t i = 0; i < files->n; i++)
        free(files->files[i].path);
    free(files->files);
    *files = (struct cachefiles){0};
}
