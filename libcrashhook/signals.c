/* SPDX-License-Identifier: MIT */
/*
 * The older ways to set a signal's disposition, each with the flags and the mask that its libc
 * gives it. Async-signal-safe where they are.
 */
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>

#include "libcrashhook/dispositions.h"
#include "libcrashhook/hook.h"
#include "libcrashhook/masks.h"
#include "libcrashhook/next.h"
#include "libcrashhook/text.h"

typedef void (*handler_function)(int);
typedef handler_function signal_function(int, handler_function);

/* <signal.h> has it for old sources only. */
#define HOLD ((handler_function)2)

/* Signals that siginterrupt() has made interrupt system calls, for signal(). */
static _Atomic uint64_t interrupting;

static bool is_left_alone(int signal) {
    hook_start();
    return !hook_settings.active || !disposition_is_ours(signal);
}

static handler_function set_handler(int signal, handler_function handler, int flags,
                                    uint64_t mask) {
    struct sigaction action, old;

    text_zero(&action, sizeof action);
    action.sa_handler = handler;
    action.sa_flags = flags;
    __builtin_memcpy(&action.sa_mask, &mask, sizeof mask);
    return dispositions_set(signal, &action, &old) < 0 ? SIG_ERR : old.sa_handler;
}

static int restart_flag(int signal) {
    return (atomic_load(&interrupting) & signal_bit(signal)) != 0 ? 0 : SA_RESTART;
}

#define SIGNAL_LIKE(name, flags, mask)                                                             \
    EXPORT handler_function name(int signal, handler_function handler);                            \
    EXPORT handler_function name(int signal, handler_function handler) {                           \
        static _Atomic(void *) next;                                                               \
                                                                                                   \
        if (is_left_alone(signal)) {                                                               \
            signal_function *function = next_function(&next, #name);                               \
            return function != NULL ? function(signal, handler) : SIG_ERR;                         \
        }                                                                                          \
        if (handler == SIG_ERR) {                                                                  \
            errno = EINVAL;                                                                        \
            return SIG_ERR;                                                                        \
        }                                                                                          \
        return set_handler(signal, handler, flags, mask);                                          \
    }

SIGNAL_LIKE(signal, restart_flag(signal), signal_bit(signal))
SIGNAL_LIKE(bsd_signal, restart_flag(signal), signal_bit(signal))
SIGNAL_LIKE(ssignal, restart_flag(signal), signal_bit(signal))
SIGNAL_LIKE(sysv_signal, SA_RESETHAND | SA_NODEFER, 0)
/* For early.c, which exports it as __sysv_signal. */
extern handler_function signals_sysv(int signal, handler_function handler)
    __attribute__((nothrow, leaf, visibility("hidden"), alias("sysv_signal")));

EXPORT handler_function sigset(int signal, handler_function handler) {
    static _Atomic(void *) next;
    struct sigaction now;
    uint64_t mask, old = 0;
    handler_function previous;

    if (is_left_alone(signal)) {
        signal_function *function = next_function(&next, "sigset");
        return function != NULL ? function(signal, handler) : SIG_ERR;
    }
    mask = signal_bit(signal);
    if (handler == HOLD) {
        masks_change(SIG_BLOCK, &mask, &old);
        previous = dispositions_set(signal, NULL, &now) < 0 ? SIG_ERR : now.sa_handler;
    } else {
        previous = set_handler(signal, handler, 0, 0);
        if (previous == SIG_ERR)
            return SIG_ERR;
        masks_change(SIG_UNBLOCK, &mask, &old);
    }
    return (old & mask) != 0 ? HOLD : previous;
}

EXPORT int sigignore(int signal) {
    return set_handler(signal, SIG_IGN, 0, 0) == SIG_ERR ? -1 : 0;
}

EXPORT int siginterrupt(int signal, int interrupt) {
    static _Atomic(void *) next;
    struct sigaction action;

    if (is_left_alone(signal)) {
        int (*function)(int, int) = next_function(&next, "siginterrupt");
        return function != NULL ? function(signal, interrupt) : -1;
    }
    if (dispositions_set(signal, NULL, &action) < 0)
        return -1;
    if (interrupt) {
        atomic_fetch_or(&interrupting, signal_bit(signal));
        action.sa_flags &= ~SA_RESTART;
    } else {
        atomic_fetch_and(&interrupting, ~signal_bit(signal));
        action.sa_flags |= SA_RESTART;
    }
    return dispositions_set(signal, &action, NULL);
}

/* Of 4.2BSD; glibc keeps it for programs that were linked before 2.21. */
struct signal_vector {
    handler_function handler;
    int mask;
    int flags;
};
enum { VECTOR_ONSTACK = 1, VECTOR_INTERRUPT = 2, VECTOR_RESETHAND = 4 };

EXPORT int sigvec(int signal, const struct signal_vector *wanted, struct signal_vector *old);
EXPORT int sigvec(int signal, const struct signal_vector *wanted, struct signal_vector *old) {
    struct sigaction action, before;
    uint64_t mask;

    if (wanted != NULL) {
        mask = (unsigned)wanted->mask;
        text_zero(&action, sizeof action);
        action.sa_handler = wanted->handler;
        action.sa_flags = wanted->flags & VECTOR_INTERRUPT ? 0 : SA_RESTART;
        if (wanted->flags & VECTOR_ONSTACK)
            action.sa_flags |= SA_ONSTACK;
        if (wanted->flags & VECTOR_RESETHAND)
            action.sa_flags |= (int)SA_RESETHAND;
        __builtin_memcpy(&action.sa_mask, &mask, sizeof mask);
    }
    if (dispositions_set(signal, wanted != NULL ? &action : NULL, &before) < 0)
        return -1;
    if (old != NULL) {
        __builtin_memcpy(&mask, &before.sa_mask, sizeof mask);
        old->handler = before.sa_handler;
        old->mask = (int)mask;
        old->flags = (before.sa_flags & SA_ONSTACK ? VECTOR_ONSTACK : 0) |
                     (before.sa_flags & SA_RESTART ? 0 : VECTOR_INTERRUPT) |
                     (before.sa_flags & (int)SA_RESETHAND ? VECTOR_RESETHAND : 0);
    }
    return 0;
}
