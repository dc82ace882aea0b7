/* SPDX-License-Identifier: MIT */
/*
 * System calls past the C library: no errno, no cancellation point, nothing that a program could
 * have interposed. Results are negative errno values, as the kernel gives them.
 */
#ifndef LIBCRASHHOOK_SYSCALLS_H
#define LIBCRASHHOOK_SYSCALLS_H

#include <sys/syscall.h>

#include "libcrashhook/arch.h"
#include "libcrashhook/sandbox.h"

/* Set while filters of the program are to be heeded (sandbox.h). */
extern bool sandbox_guards;

static inline long sys_guarded(long number, long a, long b, long c, long d, long e, long f) {
    return __builtin_expect(sandbox_guards, 0) ? sandbox_call(number, a, b, c, d, e, f)
                                               : arch_syscall(number, a, b, c, d, e, f);
}

#define SYS_PICK(n, a, b, c, d, e, f, ...)                                                         \
    sys_guarded((long)(n), (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
#define sys(...) SYS_PICK(__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0)

enum { SIGSET_SIZE = 8 };

/* The kernel's own struct sigaction, in the order of all CPUs that have SA_RESTORER. */
struct kernel_sigaction {
    void (*handler)(int, siginfo_t *, void *);
    unsigned long flags;
    void *restorer;
    uint64_t mask;
};

static inline long sys_sigaction(int signal, const struct kernel_sigaction *action,
                                 struct kernel_sigaction *old) {
    return sys(SYS_rt_sigaction, signal, action, old, SIGSET_SIZE);
}

static inline long sys_sigmask(int how, const uint64_t *set, uint64_t *old) {
    return sys(SYS_rt_sigprocmask, how, set, old, SIGSET_SIZE);
}

#endif
