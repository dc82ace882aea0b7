/* SPDX-License-Identifier: MIT */
#include "crashd/child.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "crashd/ipc.h"

enum { CHILD_FDS_MAX = 16 };

static int compare_fds(const void *a, const void *b) {
    return *(const int *)a - *(const int *)b;
}

static void reset_signals(void) {
    sigset_t none;
    signal(SIGPIPE, SIG_IGN);
    /* A terminal's ctrl-C and a service manager's stop go to the whole group; main decides who
     * ends when. */
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

void child_begin(const int *keep, size_t n) {
    int sorted[CHILD_FDS_MAX];
    unsigned from = 3;
    reset_signals();
    memcpy(sorted, keep, n * sizeof *keep);
    qsort(sorted, n, sizeof *sorted, compare_fds);
    for (size_t i = 0; i < n; i++) {
        if (sorted[i] < (int)from)
            continue;
        if ((unsigned)sorted[i] > from)
            close_range(from, (unsigned)sorted[i] - 1, 0);
        from = (unsigned)sorted[i] + 1;
    }
    close_range(from, ~0u, 0);
}

void child_drop(uint64_t capabilities) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2];
    if (syscall(SYS_capget, &header, data) == 0) {
        for (int i = 0; i < 2; i++) {
            uint32_t mask = (uint32_t)(capabilities >> (32 * i));
            data[i].effective &= mask;
            data[i].permitted &= mask;
            data[i].inheritable = 0;
        }
        if (syscall(SYS_capset, &header, data) < 0)
            log_warning("capset: %m: running with more capabilities than needed");
    }
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

static int open_program(const char *name) {
    char path[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 64);
    if (n > 0) {
        path[n] = '\0';
        char *slash = strrchr(path, '/');
        snprintf(slash, sizeof path - (size_t)(slash - path), "/crashd-%s", name);
        int fd = open(path, O_PATH | O_CLOEXEC);
        if (fd >= 0)
            return fd;
    }
    snprintf(path, sizeof path, "%s/crashd-%s", CRASHD_LIBEXECDIR, name);
    int fd = open(path, O_PATH | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

/* Moves fds to IPC_CHILD_FD and on; first out of the way of each other. */
static int place_descriptors(const int *fds, size_t n) {
    int high[CHILD_FDS_MAX];
    for (size_t i = 0; i < n; i++) {
        high[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, IPC_CHILD_FD + CHILD_FDS_MAX);
        if (high[i] < 0)
            return -1;
    }
    for (size_t i = 0; i < n; i++)
        if (dup2(high[i], IPC_CHILD_FD + (int)i) < 0)
            return -1;
    return 0;
}

pid_t child_spawn(const char *name, const char *const *arguments, const int *fds, size_t n) {
    char *const environment[] = {NULL};
    BASE_CLEANUP(close)
    int program = open_program(name);
    if (program < 0)
        return program;
    pid_t pid = fork();
    if (pid != 0)
        return pid < 0 ? -errno : pid;
    reset_signals();
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    program = fcntl(program, F_DUPFD_CLOEXEC, IPC_CHILD_FD + 2 * CHILD_FDS_MAX);
    if (null >= 0 && dup2(null, STDIN_FILENO) >= 0 && program >= 0 &&
        place_descriptors(fds, n) == 0) {
        close_range((unsigned)IPC_CHILD_FD + (unsigned)n, ~0u, CLOSE_RANGE_CLOEXEC);
        syscall(SYS_execveat, program, "", (char *const *)arguments, environment, AT_EMPTY_PATH);
    }
    log_error("crashd-%s could not be started: %m", name);
    _exit(127);
}
