/* SPDX-License-Identifier: MIT */
#include "crashd/runs.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/hex.h"
#include "base/log.h"
#include "snapshot/handshake.h"

struct move {
    int from, to;
};

static int move_entry(void *context, const char *id) {
    const struct move *move = context;
    if (renameat(move->from, id, move->to, id) < 0)
        log_warning("crash %s of an ended run could not be taken over: %m", id);
    return 0;
}

static void remove_rest(int runs, const char *run_id, int run) {
    static const char *const files[] = {"store.db", "store.db-wal", "store.db-shm", "network.json",
                                        "lock"};
    for (int i = 0; i < SPOOL_STATES; i++)
        unlinkat(run, spool_names[i], AT_REMOVEDIR);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        unlinkat(run, files[i], 0);
    if (unlinkat(runs, run_id, AT_REMOVEDIR) < 0)
        log_debug("runs/%s: %m", run_id);
}

static void adopt(const struct spool *spool, int runs, const char *run_id) {
    struct spool theirs;
    BASE_CLEANUP(close)
    int run = openat(runs, run_id, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    BASE_CLEANUP(close)
    int lock = run < 0 ? -1 : openat(run, "lock", O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    /* Held until it is gone: as long as a run lives, what is there is its own. */
    if (lock < 0 || flock(lock, LOCK_EX | LOCK_NB) < 0 || spool_open(run, &theirs) < 0)
        return;
    for (int i = 0; i < SPOOL_STATES; i++) {
        struct move move = {theirs.states[i], spool->states[i]};
        spool_each(&theirs, (enum spool_state)i, move_entry, &move);
        close(theirs.states[i]);
    }
    remove_rest(runs, run_id, run);
}

void runs_adopt(const struct spool *spool) {
    int fd = openat(spool->root, "runs", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    BASE_CLEANUP(closedir)
    DIR *runs = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;
    while (runs && (entry = readdir(runs)))
        if (hex_is(entry->d_name, HANDSHAKE_RUN_ID_SIZE))
            adopt(spool, dirfd(runs), entry->d_name);
}
