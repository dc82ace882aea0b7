/* SPDX-License-Identifier: MIT */
/*
 * The calls that wait with a mask of signals of their own, which must not hide a fault in a handler
 * that runs meanwhile; and the older ways to change the mask. As the libc's functions behind them:
 * async-signal-safe, cancellation points.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/select.h>

#include "libcrashhook/hook.h"
#include "libcrashhook/libc.h"
#include "libcrashhook/masks.h"
#include "libcrashhook/next.h"
#include "libcrashhook/text.h"

enum { SIGNALS = 65 };

static bool is_plain(const sigset_t *mask) {
    uint64_t wanted;

    if (mask == NULL)
        return true;
    __builtin_memcpy(&wanted, mask, sizeof wanted);
    return !masks_wait_matters(wanted);
}

/* The real function is jumped to where there is nothing to hide, so that it is called by whoever
 * waits. The mask is the argument of that name. */
#define WAIT(name, parameters, ...)                                                                \
    EXPORT int name parameters;                                                                    \
    static __attribute__((noinline)) int hidden_##name parameters {                                \
        int(*function) parameters = next_function(&next_##name, #name);                            \
        struct masks_wait wait;                                                                    \
        uint64_t wanted;                                                                           \
        sigset_t copy;                                                                             \
        int result;                                                                                \
                                                                                                   \
        text_copy(&copy, mask, sizeof copy);                                                       \
        __builtin_memcpy(&wanted, &copy, sizeof wanted);                                           \
        wanted = masks_wait_begin(&wait, wanted);                                                  \
        __builtin_memcpy(&copy, &wanted, sizeof wanted);                                           \
        mask = &copy;                                                                              \
        result = function(__VA_ARGS__);                                                            \
        masks_wait_end(&wait);                                                                     \
        return result;                                                                             \
    }                                                                                              \
    static int own_##name parameters {                                                             \
        int(*function) parameters;                                                                 \
                                                                                                   \
        hook_start();                                                                              \
        function = next_function(&next_##name, #name);                                             \
        if (function == NULL) {                                                                    \
            errno = ENOSYS;                                                                        \
            return -1;                                                                             \
        }                                                                                          \
        return is_plain(mask) ? function(__VA_ARGS__) : hidden_##name(__VA_ARGS__);                \
    }                                                                                              \
    EXPORT int name parameters __attribute__((alias("own_" #name)));

static _Atomic(void *) next_sigsuspend, next___sigsuspend, next_ppoll, next___ppoll_chk,
    next_pselect, next_epoll_pwait, next_epoll_pwait2;

WAIT(sigsuspend, (const sigset_t *mask), mask)
WAIT(__sigsuspend, (const sigset_t *mask), mask)
WAIT(ppoll, (struct pollfd * fds, nfds_t count, const struct timespec *limit, const sigset_t *mask),
     fds, count, limit, mask)
WAIT(__ppoll_chk,
     (struct pollfd * fds, nfds_t count, const struct timespec *limit, const sigset_t *mask,
      size_t size),
     fds, count, limit, mask, size)
WAIT(pselect,
     (int count, fd_set *reads, fd_set *writes, fd_set *errors, const struct timespec *limit,
      const sigset_t *mask),
     count, reads, writes, errors, limit, mask)
WAIT(epoll_pwait, (int fd, struct epoll_event *events, int count, int limit, const sigset_t *mask),
     fd, events, count, limit, mask)
WAIT(epoll_pwait2,
     (int fd, struct epoll_event *events, int count, const struct timespec *limit,
      const sigset_t *mask),
     fd, events, count, limit, mask)

static int change_one(int how, int signal) {
    sigset_t set;
    uint64_t mask;

    if (signal < 1 || signal >= SIGNALS || (LIBC_SIGNALS & signal_bit(signal)) != 0) {
        errno = EINVAL;
        return -1;
    }
    mask = signal_bit(signal);
    text_zero(&set, sizeof set);
    __builtin_memcpy(&set, &mask, sizeof mask);
    return masks_set(how, &set, NULL);
}

EXPORT int sighold(int signal) {
    return change_one(SIG_BLOCK, signal);
}

EXPORT int sigrelse(int signal) {
    return change_one(SIG_UNBLOCK, signal);
}

static int change_lowest(int how, int lowest) {
    uint64_t mask = (unsigned)lowest, old = 0;
    sigset_t set, before;

    text_zero(&set, sizeof set);
    __builtin_memcpy(&set, &mask, sizeof mask);
    if (masks_set(how, &set, &before) < 0)
        return -1;
    __builtin_memcpy(&old, &before, sizeof old);
    return (int)old;
}

EXPORT int sigblock(int mask) {
    return change_lowest(SIG_BLOCK, mask);
}

EXPORT int sigsetmask(int mask) {
    return change_lowest(SIG_SETMASK, mask);
}

static int pause_with(uint64_t mask) {
    sigset_t set;

    text_zero(&set, sizeof set);
    __builtin_memcpy(&set, &mask, sizeof mask);
    return own_sigsuspend(&set);
}

static int pause_for(int signal) {
    uint64_t mask = 0;
    sigset_t now;

    if (signal < 1 || signal >= SIGNALS) {
        errno = EINVAL;
        return -1;
    }
    if (masks_set(SIG_BLOCK, NULL, &now) < 0)
        return -1;
    __builtin_memcpy(&mask, &now, sizeof mask);
    return pause_with(mask & ~signal_bit(signal));
}

static int pause_either(int signal_or_mask, int is_signal) {
    return is_signal ? pause_for(signal_or_mask) : pause_with((unsigned)signal_or_mask);
}

EXPORT int __xpg_sigpause(int signal) __attribute__((alias("pause_for")));
EXPORT int __sigpause(int signal_or_mask, int is_signal) __attribute__((alias("pause_either")));

/* By this name it takes a mask in glibc, a signal elsewhere; the header has another name for it. */
EXPORT int pause_by_libc(int signal_or_mask) __asm__("sigpause");
EXPORT int pause_by_libc(int signal_or_mask) {
    return pause_either(signal_or_mask, libc_glibc_minor() == 0);
}
