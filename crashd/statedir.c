/* SPDX-License-Identifier: MIT */
#include "crashd/statedir.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"

/* Longer than any receiver may live after main. */
static const uint64_t LOCK_WAIT = 15 * UINT64_C(1000000000);

static int make_directories(char *path) {
    for (char *p = path + 1; *p; p++)
        if (*p == '/') {
            *p = '\0';
            int r = mkdir(path, 0755) < 0 && errno != EEXIST ? -errno : 0;
            *p = '/';
            if (r < 0 && r != -EROFS && r != -EACCES)
                return r;
        }
    return mkdir(path, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

int statedir_open(char **path, const char *run_id) {
    int r = make_directories(*path);
    if (r == 0 && run_id) {
        char *below;
        if (asprintf(&below, "%s/runs", *path) < 0)
            return -ENOMEM;
        r = mkdir(below, 0700) < 0 && errno != EEXIST ? -errno : 0;
        free(below);
        if (asprintf(&below, "%s/runs/%s", *path, run_id) < 0)
            return -ENOMEM;
        free(*path);
        *path = below;
        if (r == 0 && mkdir(*path, 0700) < 0 && errno != EEXIST)
            r = -errno;
    }
    int fd = r < 0 ? -1 : open(*path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct stat st = {0};
    if (r == 0 && (fd < 0 || fstat(fd, &st) < 0))
        r = -errno;
    if (r == 0 && st.st_uid != geteuid()) {
        log_error("%s belongs to another user: choose another directory with --state-dir", *path);
        close(fd);
        return -EPERM;
    }
    if (r == 0 && (st.st_mode & 077) && fchmod(fd, 0700) < 0)
        r = -errno;
    if (r < 0) {
        log_error("%s: %s: choose another directory with --state-dir", *path, strerror(-r));
        if (fd >= 0)
            close(fd);
        return r;
    }
    return fd;
}

static pid_t lock_holder(int directory) {
    BASE_CLEANUP(free)
    char *text = NULL;
    size_t size;
    if (io_read_file(directory, "lock", 64, &text, &size) < 0)
        return 0;
    return atoi(text);
}

int statedir_lock(int directory, const char *path, bool wait) {
    BASE_CLEANUP(close)
    int fd = openat(directory, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        int r = -errno;
        log_error("%s/lock: %m", path);
        return r;
    }
    uint64_t deadline = clock_monotonic() + LOCK_WAIT;
    while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        if (errno != EWOULDBLOCK)
            return -errno;
        if (!wait)
            return -EBUSY;
        pid_t holder = lock_holder(directory);
        if ((holder > 0 && (kill(holder, 0) == 0 || errno == EPERM)) ||
            clock_monotonic() > deadline) {
            log_error("%s is in use by another crashd (pid %d): stop that one, or choose another "
                      "directory with --state-dir",
                      path, (int)holder);
            return -EBUSY;
        }
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    }
    if (ftruncate(fd, 0) < 0 || dprintf(fd, "%d\n", (int)getpid()) < 0)
        return -EIO;
    return TAKE_FD(fd);
}
