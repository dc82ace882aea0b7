/* SPDX-License-Identifier: MIT */
/*
 * reaper [-c] [-e NAME=VALUE]... PROGRAM [ARG...]: starts PROGRAM with nothing but that environment
 * and prints when it died (CLOCK_MONOTONIC) and the nanoseconds from its fault until it was reaped.
 * With -c the kernel may write a core file.
 */
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"

enum { ENVIRONMENT_MAX = 16 };

static long long *share_clock(void) {
    int fd = memfd_create("clock", 0);
    if (fd < 0 || ftruncate(fd, sizeof(long long)) < 0)
        return NULL;
    if (fd != CLOCK_FD && dup2(fd, CLOCK_FD) != CLOCK_FD)
        return NULL;
    long long *when = mmap(NULL, sizeof *when, PROT_READ | PROT_WRITE, MAP_SHARED, CLOCK_FD, 0);
    return when == MAP_FAILED ? NULL : when;
}

int main(int argc, char **argv) {
    char *environment[ENVIRONMENT_MAX + 1] = {NULL};
    struct rlimit core = {0, 0};
    int count = 0, status;
    pid_t pid;

    for (int option; (option = getopt(argc, argv, "+ce:")) != -1;) {
        if (option == 'c')
            core = (struct rlimit){RLIM_INFINITY, RLIM_INFINITY};
        else if (option == 'e' && count < ENVIRONMENT_MAX)
            environment[count++] = optarg;
        else
            return 2;
    }
    volatile long long *when = share_clock();
    if (optind == argc || !when || setrlimit(RLIMIT_CORE, &core) < 0)
        return 2;
    if (posix_spawn(&pid, argv[optind], NULL, NULL, argv + optind, environment) != 0)
        return 1;
    if (waitpid(pid, &status, 0) != pid)
        return 1;
    long long reaped = clock_now();
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSEGV || *when == 0)
        return 1;
    printf("%lld %lld %d\n", *when, reaped - *when, WCOREDUMP(status) ? 1 : 0);
    return 0;
}
