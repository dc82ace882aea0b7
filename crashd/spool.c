/* SPDX-License-Identifier: MIT */
#include "crashd/spool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/hex.h"
#include "base/io.h"

const char *const spool_names[SPOOL_STATES] = {
    [SPOOL_INCOMING] = "incoming", [SPOOL_CAPTURED] = "captured", [SPOOL_OUTBOX] = "outbox",
    [SPOOL_REPORTED] = "reported", [SPOOL_FAILED] = "failed",
};

enum { DIRECTORY_FLAGS = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW };

int spool_open(int root, struct spool *ret) {
    ret->root = root;
    for (int i = 0; i < SPOOL_STATES; i++) {
        if (mkdirat(root, spool_names[i], 0700) < 0 && errno != EEXIST)
            return -errno;
        ret->states[i] = openat(root, spool_names[i], DIRECTORY_FLAGS);
        if (ret->states[i] < 0)
            return -errno;
    }
    return 0;
}

int spool_entry(const struct spool *spool, enum spool_state state, const char *id) {
    if (!hex_is(id, SPOOL_ID_SIZE - 1))
        return -EINVAL;
    int fd = openat(spool->states[state], id, DIRECTORY_FLAGS);
    return fd < 0 ? -errno : fd;
}

int spool_create(const struct spool *spool, const char *id) {
    if (!hex_is(id, SPOOL_ID_SIZE - 1))
        return -EINVAL;
    if (mkdirat(spool->states[SPOOL_INCOMING], id, 0700) < 0)
        return -errno;
    return spool_entry(spool, SPOOL_INCOMING, id);
}

int spool_move(const struct spool *spool, const char *id, enum spool_state from,
               enum spool_state to) {
    if (!hex_is(id, SPOOL_ID_SIZE - 1))
        return -EINVAL;
    return renameat(spool->states[from], id, spool->states[to], id) < 0 ? -errno : 0;
}

int spool_remove(const struct spool *spool, enum spool_state state, const char *id) {
    int fd = spool_entry(spool, state, id);
    if (fd < 0)
        return fd;
    BASE_CLEANUP(closedir)
    DIR *directory = fdopendir(fd);
    if (!directory) {
        close(fd);
        return -ENOMEM;
    }
    struct dirent *entry;
    while ((entry = readdir(directory)))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            unlinkat(dirfd(directory), entry->d_name, 0);
    return unlinkat(spool->states[state], id, AT_REMOVEDIR) < 0 ? -errno : 0;
}

int spool_find(const struct spool *spool, const char *id) {
    if (!hex_is(id, SPOOL_ID_SIZE - 1))
        return -EINVAL;
    /* In the order of the steps: one that moves meanwhile is met later on its way. */
    for (int i = 0; i < SPOOL_STATES; i++)
        if (faccessat(spool->states[i], id, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
            return i;
    return -ENOENT;
}

int spool_each(const struct spool *spool, enum spool_state state, spool_callback callback,
               void *context) {
    int fd = openat(spool->states[state], ".", DIRECTORY_FLAGS);
    if (fd < 0)
        return -errno;
    BASE_CLEANUP(closedir)
    DIR *directory = fdopendir(fd);
    if (!directory) {
        close(fd);
        return -ENOMEM;
    }
    struct dirent *entry;
    while ((entry = readdir(directory))) {
        if (!hex_is(entry->d_name, SPOOL_ID_SIZE - 1))
            continue;
        int r = callback(context, entry->d_name);
        if (r < 0)
            return r;
    }
    return 0;
}

json_t *spool_read_json(int entry, const char *name) {
    BASE_CLEANUP(free)
    char *text = NULL;
    json_error_t error;
    size_t size;
    if (io_read_file(entry, name, SPOOL_JSON_MAX, &text, &size) < 0)
        return NULL;
    json_t *object = json_loadb(text, size, 0, &error);
    if (!json_is_object(object)) {
        json_decref(object);
        return NULL;
    }
    return object;
}

int spool_write_json(int entry, const char *name, const json_t *object) {
    BASE_CLEANUP(free)
    char *text = json_dumps(object, JSON_COMPACT);
    return text ? io_write_file_atomic(entry, name, text, strlen(text)) : -ENOMEM;
}
