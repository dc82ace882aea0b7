/* SPDX-License-Identifier: MIT */
/* Snapshots that hooks left as files because no socket was in reach. */
#include "crashd/intake.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/hex.h"
#include "base/log.h"
#include "base/text.h"
#include "crashd/facts.h"
#include "crashd/ipc.h"

#define CLAIM_SUFFIX ".taken"

/* ".ID.taken": the id is fixed before anything is copied, so that a kill between copy and removal
 * does not make two crashes of one. */
static bool claimed_id(const char *name, char id[SPOOL_ID_SIZE]) {
    if (name[0] != '.' || strlen(name) != SPOOL_ID_SIZE + strlen(CLAIM_SUFFIX) ||
        !text_ends_with(name, CLAIM_SUFFIX))
        return false;
    memcpy(id, name + 1, SPOOL_ID_SIZE - 1);
    id[SPOOL_ID_SIZE - 1] = '\0';
    return hex_is(id, SPOOL_ID_SIZE - 1);
}

static int copy_file(int from, int to, uint64_t size) {
    while (size > 0) {
        ssize_t n = sendfile(to, from, NULL, size);
        if (n < 0)
            return -errno;
        if (n == 0)
            return 0;
        size -= (uint64_t)n;
    }
    return 0;
}

static int import(const struct intake *intake, int directory, const char *name, const char *id) {
    struct stat st;
    BASE_CLEANUP(close)
    int from = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (from < 0 || fstat(from, &st) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode) || st.st_size == 0)
        return -EINVAL;
    uint64_t size = (uint64_t)st.st_size;
    bool cut = size > intake->snapshot_max;
    BASE_CLEANUP(close)
    int entry = spool_create(intake->spool, id);
    BASE_CLEANUP(close)
    int to = entry < 0 ? -1 : openat(entry, "copy", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    BASE_CLEANUP(json)
    json_t *facts = facts_unknown(id, st.st_uid, st.st_gid);
    BASE_CLEANUP(json)
    json_t *message = NULL;
    if (to < 0)
        return entry < 0 ? entry : -errno;
    if (!facts)
        return -ENOMEM;
    /* Half a copy must not be found under the name of a snapshot: the original is whole. */
    int r = copy_file(from, to, cut ? intake->snapshot_max : size);
    if (r == 0 && renameat(entry, "copy", entry, "snapshot") < 0)
        r = -errno;
    if (r < 0)
        return r;
    json_object_set_new(facts, "snapshot_bytes", json_integer((json_int_t)size));
    json_object_set_new(facts, "incomplete", json_boolean(cut));
    if (intake->run_id)
        json_object_set_new(facts, "run_id", json_string(intake->run_id));
    if ((r = spool_write_json(entry, "facts.json", facts)) < 0 ||
        (r = spool_move(intake->spool, id, SPOOL_INCOMING, SPOOL_CAPTURED)) < 0)
        return r;
    message = json_pack("{ss ss sI}", "type", "captured", "id", id, "uid", (json_int_t)st.st_uid);
    return message ? ipc_send(intake->main, message, NULL, 0, true) : -ENOMEM;
}

/* Of a hook that was killed before it could give its file a name: nobody has it open any more. */
static bool is_left_behind(int directory, const char *name) {
    struct stat st;
    BASE_CLEANUP(close)
    int fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    return fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 &&
           fcntl(fd, F_SETLEASE, F_WRLCK) == 0;
}

void intake_drops(const struct intake *intake, const char *path) {
    BASE_CLEANUP(closedir)
    DIR *directory = opendir(path);
    struct dirent *file;
    if (!directory) {
        log_warning("%s: %m: snapshots left there are not taken", path);
        return;
    }
    while ((file = readdir(directory))) {
        char id[SPOOL_ID_SIZE], claim[64];
        bool claimed = claimed_id(file->d_name, id);
        bool left = text_starts_with(file->d_name, ".tmp-") &&
                    is_left_behind(dirfd(directory), file->d_name);
        if (!claimed && ((file->d_name[0] == '.' && !left) ||
                         text_ends_with(file->d_name, ".tmp") || hex_uuid(id) < 0))
            continue;
        snprintf(claim, sizeof claim, ".%s" CLAIM_SUFFIX, id);
        /* Another receiver may sweep too: the rename decides whose it is. */
        if (!claimed && renameat(dirfd(directory), file->d_name, dirfd(directory), claim) < 0)
            continue;
        int r =
            spool_find(intake->spool, id) >= 0 ? 0 : import(intake, dirfd(directory), claim, id);
        if (r < 0 && r != -ENOSPC) {
            log_warning("%s/%s could not be taken: %s", path, file->d_name, strerror(-r));
            spool_remove(intake->spool, SPOOL_INCOMING, id);
        }
        if (r != -ENOSPC)
            unlinkat(dirfd(directory), claim, 0);
    }
}
