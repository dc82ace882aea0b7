/* SPDX-License-Identifier: MIT */
#include "crashctl/rundir.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"

/* sockaddr_un.sun_path holds 107 bytes. */
enum { TEMPORARY_MAX = 70 };

static int create_file(const char *path, mode_t mode) {
    BASE_CLEANUP(close)
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    return fd < 0 || fchmod(fd, mode) < 0 ? -errno : 0;
}

char *rundir_make(void) {
    const char *temporary = getenv("TMPDIR");
    char path[128], drop[160], programs[160];
    /* ld.so splits LD_PRELOAD at blanks and colons. */
    if (text_empty(temporary) || strlen(temporary) > TEMPORARY_MAX || strpbrk(temporary, " \t:"))
        temporary = "/tmp";
    snprintf(path, sizeof path, "%s/crashd.XXXXXX", temporary);
    if (!mkdtemp(path)) {
        fprintf(stderr,
                "crashctl: cannot make a directory below %s: %s; set TMPDIR to one that is "
                "writable\n",
                temporary, strerror(errno));
        return NULL;
    }
    snprintf(drop, sizeof drop, "%s/drop", path);
    snprintf(programs, sizeof programs, "%s/programs", path);
    /* Like /tmp, but nobody else lists it: a set-uid child's user may leave a snapshot too. */
    if (chmod(path, 0711) < 0 || mkdir(drop, 0700) < 0 || chmod(drop, 01733) < 0 ||
        create_file(programs, 0622) < 0) {
        fprintf(stderr, "crashctl: cannot set up %s: %s\n", path, strerror(errno));
        rundir_remove(path);
        return NULL;
    }
    return strdup(path);
}

uint64_t rundir_programs(const char *path) {
    char file[256];
    struct stat st;
    snprintf(file, sizeof file, "%s/programs", path);
    return stat(file, &st) == 0 ? (uint64_t)st.st_size : 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw) {
    return remove(path);
}

void rundir_remove(const char *path) {
    nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}
