// SPDX-License-Identifier: MIT
// Programs that use signals, by name, for the C libraries that hook_libc_test.py has.
#define _GNU_SOURCE
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <poll.h>
#include <unistd.h>
static jmp_buf buf;
static sigjmp_buf sbuf;
static int *volatile np;
static volatile int seen;
static void crash(void) {
    *np = 1;
}
static void note(int s) {
    seen++;
}
static void lj(int s) {
    write(1, "h\n", 2);
    longjmp(buf, 1);
}
static void slj(int s) {
    siglongjmp(sbuf, 1);
}
static void rer(int s) {
    signal(s, SIG_DFL);
    raise(s);
}
static int rec(int d) {
    volatile char f[512];
    f[0] = d;
    return rec(d + 1) + f[0];
}
static void bad(int s) {
    _exit(3);
}
int main(int c, char **v) {
    const char *n = v[1];
    sigset_t s;
    sigemptyset(&s);
    if (!strcmp(n, "abort_ignored")) {
        signal(SIGABRT, SIG_IGN);
        abort();
    }
    if (!strcmp(n, "abort_blocked")) {
        sigaddset(&s, SIGABRT);
        sigprocmask(SIG_BLOCK, &s, 0);
        abort();
    }
    if (!strcmp(n, "abort_returns")) {
        signal(SIGABRT, note);
        abort();
    }
    if (!strcmp(n, "abort_blocked_handler")) {
        signal(SIGABRT, note);
        sigaddset(&s, SIGABRT);
        sigprocmask(SIG_BLOCK, &s, 0);
        abort();
    }
    if (!strcmp(n, "assert_ignored")) {
        signal(SIGABRT, SIG_IGN);
        assert(seen);
    }
    if (!strcmp(n, "longjmp")) {
        signal(SIGSEGV, lj);
        for (volatile int i = 0; i < 3; i++)
            if (!setjmp(buf))
                crash();
    }
    if (!strcmp(n, "siglongjmp")) {
        signal(SIGSEGV, slj);
        for (volatile int i = 0; i < 3; i++)
            if (!sigsetjmp(sbuf, 1))
                crash();
    }
    if (!strcmp(n, "reraise")) {
        signal(SIGSEGV, rer);
        crash();
    }
    if (!strcmp(n, "resethand")) {
        struct sigaction a = {.sa_handler = note, .sa_flags = SA_RESETHAND};
        sigaction(SIGSEGV, &a, 0);
        crash();
    }
    if (!strcmp(n, "overflow_handler")) {
        signal(SIGSEGV, bad);
        rec(0);
    }
    if (!strcmp(n, "sigsuspend")) {
        signal(SIGSEGV, note);
        sigaddset(&s, SIGSEGV);
        sigprocmask(SIG_BLOCK, &s, 0);
        kill(getpid(), SIGSEGV);
        sigset_t e;
        sigemptyset(&e);
        sigsuspend(&e);
        printf("%d\n", seen);
    }
    if (!strcmp(n, "ppoll")) {
        signal(SIGSEGV, note);
        sigaddset(&s, SIGSEGV);
        sigprocmask(SIG_BLOCK, &s, 0);
        kill(getpid(), SIGSEGV);
        sigset_t e;
        sigemptyset(&e);
        printf("%d", ppoll(0, 0, 0, &e));
        printf(" %d\n", seen);
    }
    if (!strcmp(n, "keys")) {
        pthread_key_t k;
        int i = 0;
        while (!pthread_key_create(&k, 0))
            i++;
        printf("%d\n", i);
    }
    if (!strcmp(n, "exit"))
        exit(4);
    if (!strcmp(n, "stack")) {
        stack_t st = {.ss_sp = malloc(65536), .ss_size = 65536}, o;
        printf("%d\n", sigaltstack(&st, &o));
        printf("%d %p %zu\n", o.ss_flags, o.ss_sp, o.ss_size);
        sigaltstack(0, &o);
        printf("%zu\n", o.ss_size);
    }
    return 0;
}
