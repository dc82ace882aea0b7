// SPDX-License-Identifier: MIT
// Puts itself under a seccomp filter, then dies: HOW (null, abort) MODE ...
//   strict              SECCOMP_MODE_STRICT
//   only CALL...        everything but these calls kills the process
//   deny ACTION CALL... these calls get the action, by its number
#define _GNU_SOURCE
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { CALLS = 64 };

static void *wait(void *argument) {
    for (;;)
        pause();
}

static int install(unsigned action, unsigned otherwise, char **calls, int count) {
    struct sock_filter code[2 * CALLS + 2] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr))};
    struct sock_fprog filter = {.len = 1, .filter = code};

    for (int i = 0; i < count; i++) {
        code[filter.len++] =
            (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)atoi(calls[i]), 0, 1);
        code[filter.len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action);
    }
    code[filter.len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, otherwise);
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter);
}

int main(int argc, char **argv) {
    pthread_t thread;
    int failed;

    pthread_create(&thread, 0, wait, 0);
    /* As programs do that look whether there are filters at all. */
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, 0);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (strcmp(argv[2], "strict") == 0)
        failed = prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT);
    else if (strcmp(argv[2], "only") == 0)
        failed = install(SECCOMP_RET_ALLOW, SECCOMP_RET_KILL_PROCESS, argv + 3, argc - 3);
    else
        failed = install((unsigned)strtoul(argv[3], 0, 0), SECCOMP_RET_ALLOW, argv + 4, argc - 4);
    if (failed)
        return 9;
    if (strcmp(argv[1], "abort") == 0)
        abort();
    *(volatile int *)0 = 1;
}
