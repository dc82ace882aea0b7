/* SPDX-License-Identifier: MIT */
/* starts RUNS PROGRAM PRELOAD...: time of PROGRAM from posix_spawn to its end, once with each
 * PRELOAD ("" for none) in every run. A line of nanoseconds for each run. */
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "clock.h"

static long long start(char *program, const char *preload) {
    static char variable[4096];
    char *argv[] = {program, NULL}, *envp[] = {NULL, NULL};
    int status;
    pid_t pid;

    if (*preload) {
        snprintf(variable, sizeof variable, "LD_PRELOAD=%s", preload);
        envp[0] = variable;
    }
    long long before = clock_now();
    if (posix_spawn(&pid, program, NULL, NULL, argv, envp) != 0 ||
        waitpid(pid, &status, 0) != pid || status != 0)
        exit(1);
    return clock_now() - before;
}

int main(int argc, char **argv) {
    enum { WARM_UP = 10 };
    if (argc < 4)
        return 2;
    for (int run = -WARM_UP; run < atoi(argv[1]); run++)
        for (int i = 3; i < argc; i++) {
            /* Each takes each place in the row in turn. */
            int which = 3 + (i - 3 + run + WARM_UP) % (argc - 3);
            long long took = start(argv[2], argv[which]);
            if (run >= 0)
                printf("%d %lld\n", which - 3, took);
        }
    return 0;
}
