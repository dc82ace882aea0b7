/* SPDX-License-Identifier: MIT */
/*
 * Interposes every way to set a signal's disposition. For the signals that we stand in for the
 * kernel always has one and the same handler (handler_on_signal), which looks up here what the
 * program wants; the program is shown what it has set.
 *
 * Entries of the table are immutable and interned, so that a handler that runs while the table
 * changes sees the old or the new one, whole. All of this is async-signal-safe, as sigaction() is.
 */
#include "libcrashhook/dispositions.h"

#include <errno.h>
#include <stdatomic.h>

#include "libcrashhook/handler.h"
#include "libcrashhook/hook.h"
#include "libcrashhook/jumps.h"
#include "libcrashhook/masks.h"
#include "libcrashhook/next.h"
#include "libcrashhook/syscalls.h"
#include "libcrashhook/text.h"

enum { SIGNALS = 65, INTERNED = 256 };

typedef int sigaction_function(int, const struct sigaction *, struct sigaction *);
typedef void (*handler_function)(int);

static _Atomic(void *) real_sigaction;
/* What libc lets handlers return to, as told by the kernel; 0 until a program has set a handler. */
static _Atomic uint64_t signal_return;

static _Atomic(const struct disposition *) table[SIGNALS];
/* Synchronous signals that a program put into the sa_mask of another one. */
static _Atomic uint64_t hidden_masks[SIGNALS];

static const struct disposition DEFAULT_DISPOSITION = {.handler = (void *)SIG_DFL};

static struct {
    struct disposition dispositions[INTERNED];
    atomic_bool ready[INTERNED];
    atomic_uint count;
} interned;

static const struct disposition *intern(const struct disposition *wanted) {
    unsigned count = atomic_load(&interned.count), at;

    for (unsigned i = 0; i < count && i < INTERNED; i++) {
        const struct disposition *known = &interned.dispositions[i];
        if (atomic_load(&interned.ready[i]) && known->handler == wanted->handler &&
            known->flags == wanted->flags && known->mask == wanted->mask)
            return known;
    }
    if (count >= INTERNED || (at = atomic_fetch_add(&interned.count, 1)) >= INTERNED)
        return NULL;
    interned.dispositions[at] = *wanted;
    atomic_store(&interned.ready[at], true);
    return &interned.dispositions[at];
}

bool disposition_is_default(const struct disposition *disposition) {
    return disposition->handler == (void *)SIG_DFL;
}

bool disposition_is_ignore(const struct disposition *disposition) {
    return disposition->handler == (void *)SIG_IGN;
}

const struct disposition *disposition_of(int signal) {
    return atomic_load(&table[signal]);
}

void disposition_reset(int signal, const struct disposition *from) {
    atomic_compare_exchange_strong(&table[signal], &from, &DEFAULT_DISPOSITION);
}

static void *next_function(_Atomic(void *) *known, const char *name) {
    void *function = atomic_load(known);

    if (function == NULL) {
        function = next_symbol(name);
        atomic_store(known, function);
    }
    return function;
}

static int next_sigaction(int signal, const struct sigaction *wanted, struct sigaction *old) {
    sigaction_function *function =
        (sigaction_function *)next_function(&real_sigaction, "sigaction");
    struct kernel_sigaction now;
    int result;

    if (function == NULL) {
        errno = ENOSYS;
        return -1;
    }
    result = function(signal, wanted, old);
    if (wanted != NULL && result == 0 && atomic_load(&signal_return) == 0 &&
        sys_sigaction(signal, NULL, &now) == 0 && now.handler != (void *)SIG_DFL)
        atomic_store(&signal_return, (uint64_t)now.restorer);
    return result;
}

void dispositions_set_signal_return(uint64_t address) {
    atomic_store(&signal_return, address);
}

uint64_t dispositions_signal_return(void) {
    return atomic_load(&signal_return);
}

static uint64_t get_mask(const sigset_t *set) {
    uint64_t mask;

    __builtin_memcpy(&mask, set, sizeof mask);
    return mask;
}

static void put_mask(sigset_t *set, uint64_t mask) {
    __builtin_memcpy(set, &mask, sizeof mask);
}

/* What the kernel is told for a disposition of the program. */
static struct sigaction kernel_action(int signal, const struct disposition *wanted) {
    struct sigaction action;
    bool synchronous = (SYNCHRONOUS_SIGNALS & signal_bit(signal)) != 0;

    text_zero(&action, sizeof action);
    if (disposition_is_ignore(wanted)) {
        action.sa_handler = SIG_IGN;
    } else if (disposition_is_default(wanted)) {
        action.sa_sigaction = handler_on_signal;
        action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART | SA_NODEFER;
        put_mask(&action.sa_mask, ~(SYNCHRONOUS_SIGNALS | LIBC_SIGNALS));
    } else {
        action.sa_sigaction = handler_on_signal;
        /* SA_RESETHAND is done by hand, and so is the signal's own mask: the kernel would kill
         * for a fault in a thread that has it blocked. */
        action.sa_flags = (wanted->flags & ~(int)SA_RESETHAND) | SA_SIGINFO;
        if (synchronous)
            action.sa_flags |= SA_NODEFER;
        put_mask(&action.sa_mask, wanted->mask & ~SYNCHRONOUS_SIGNALS);
    }
    return action;
}

/* By raw calls, as the next sigaction() may be that of a runtime that has not begun yet. What has
 * been inherited is seen only once it has been replaced: one call for each signal. */
void dispositions_start(void) {
    const struct kernel_sigaction ours = {
        .handler = handler_on_signal,
        .flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART | SA_NODEFER | ARCH_SA_RESTORER,
        .restorer = (void *)arch_signal_return,
        .mask = ~(SYNCHRONOUS_SIGNALS | LIBC_SIGNALS),
    };

    for (int signal = 1; signal < SIGNALS; signal++) {
        struct kernel_sigaction before;

        if ((hook_settings.signals & signal_bit(signal)) == 0 ||
            atomic_load(&table[signal]) != NULL)
            continue;
        atomic_store(&table[signal], &DEFAULT_DISPOSITION);
        if (sys_sigaction(signal, &ours, &before) < 0) {
            atomic_store(&table[signal], NULL);
        } else if (before.handler != (void *)SIG_DFL) {
            atomic_store(&table[signal], NULL);
            sys_sigaction(signal, &before, NULL);
        }
    }
}

static void show(const struct disposition *disposition, struct sigaction *shown) {
    shown->sa_flags = disposition->flags;
    shown->sa_sigaction = disposition->handler;
    put_mask(&shown->sa_mask, disposition->mask);
}

static int set_ours(int signal, const struct sigaction *wanted, struct sigaction *old) {
    const struct disposition *next, *previous;
    struct sigaction action, seen;
    int result;

    if (wanted == NULL) {
        previous = disposition_of(signal);
        if (previous == NULL)
            return next_sigaction(signal, NULL, old);
        if (old != NULL)
            show(previous, old);
        return 0;
    }
    next = intern(&(struct disposition){
        .handler = wanted->sa_sigaction,
        .flags = wanted->sa_flags | ARCH_SA_RESTORER,
        .mask = get_mask(&wanted->sa_mask) & ~(signal_bit(SIGKILL) | signal_bit(SIGSTOP)),
    });
    if (next == NULL) {
        /* More different handlers than any program has: it gets what it asked for, unwatched. */
        previous = atomic_exchange(&table[signal], NULL);
        result = next_sigaction(signal, wanted, &seen);
    } else {
        if (!disposition_is_default(next) && !disposition_is_ignore(next))
            jumps_resolve();
        action = kernel_action(signal, next);
        previous = atomic_exchange(&table[signal], next);
        result = next_sigaction(signal, &action, &seen);
    }
    if (result < 0) {
        atomic_store(&table[signal], previous);
        return result;
    }
    if (old != NULL) {
        if (previous != NULL)
            show(previous, old);
        else
            *old = seen;
    }
    return result;
}

static int set_other(int signal, const struct sigaction *wanted, struct sigaction *old) {
    struct sigaction action, seen;
    uint64_t hidden, before;
    int result;

    if (signal < 1 || signal >= SIGNALS)
        return next_sigaction(signal, wanted, old);
    before = atomic_load(&hidden_masks[signal]);
    if (wanted != NULL) {
        text_copy(&action, wanted, sizeof action);
        hidden = get_mask(&action.sa_mask) & SYNCHRONOUS_SIGNALS;
        put_mask(&action.sa_mask, get_mask(&action.sa_mask) & ~SYNCHRONOUS_SIGNALS);
        wanted = &action;
    }
    result = next_sigaction(signal, wanted, &seen);
    if (result < 0)
        return result;
    if (wanted != NULL)
        atomic_store(&hidden_masks[signal], hidden);
    if (old != NULL) {
        text_copy(old, &seen, sizeof *old);
        put_mask(&old->sa_mask, get_mask(&old->sa_mask) | before);
    }
    return result;
}

static bool is_ours(int signal) {
    return signal >= 1 && signal < SIGNALS && (hook_settings.signals & signal_bit(signal)) != 0;
}

EXPORT int sigaction(int signal, const struct sigaction *wanted, struct sigaction *old) {
    hook_start();
    /* A vfork child has its own dispositions but its parent's table, which it must not change. */
    if (!hook_settings.active || (wanted != NULL && hook_in_vfork_child()))
        return next_sigaction(signal, wanted, old);
    return is_ours(signal) ? set_ours(signal, wanted, old) : set_other(signal, wanted, old);
}

EXPORT int __sigaction(int signal, const struct sigaction *wanted, struct sigaction *old)
    __attribute__((nothrow, leaf)) __attribute__((alias("sigaction")));

static handler_function set_handler(int signal, handler_function handler, int flags,
                                    uint64_t mask) {
    struct sigaction action, old;

    text_zero(&action, sizeof action);
    action.sa_handler = handler;
    action.sa_flags = flags;
    put_mask(&action.sa_mask, mask);
    return sigaction(signal, &action, &old) < 0 ? SIG_ERR : old.sa_handler;
}

#define SIGNAL_LIKE(name, flags, mask)                                                             \
    EXPORT handler_function name(int signal, handler_function handler);                            \
    EXPORT handler_function name(int signal, handler_function handler) {                           \
        static _Atomic(void *) next;                                                               \
                                                                                                   \
        hook_start();                                                                              \
        if (!hook_settings.active || !is_ours(signal)) {                                           \
            handler_function (*function)(int, handler_function) = next_function(&next, #name);     \
            return function != NULL ? function(signal, handler) : SIG_ERR;                         \
        }                                                                                          \
        return set_handler(signal, handler, flags, mask);                                          \
    }

SIGNAL_LIKE(signal, SA_RESTART, signal_bit(signal))
SIGNAL_LIKE(bsd_signal, SA_RESTART, signal_bit(signal))
SIGNAL_LIKE(ssignal, SA_RESTART, signal_bit(signal))
SIGNAL_LIKE(sysv_signal, SA_RESETHAND | SA_NODEFER, 0)
SIGNAL_LIKE(__sysv_signal, SA_RESETHAND | SA_NODEFER, 0)

EXPORT handler_function sigset(int signal, handler_function handler) {
    static _Atomic(void *) next;
    uint64_t mask = 0, old = 0;
    handler_function previous;

    hook_start();
    if (!hook_settings.active || !is_ours(signal)) {
        handler_function (*function)(int, handler_function) = next_function(&next, "sigset");
        return function != NULL ? function(signal, handler) : SIG_ERR;
    }
    mask = signal_bit(signal);
    if (handler == (handler_function)2) { /* SIG_HOLD */
        masks_change(SIG_BLOCK, &mask, &old);
        previous = set_handler(signal, SIG_DFL, 0, 0);
    } else {
        previous = set_handler(signal, handler, 0, 0);
        if (previous != SIG_ERR)
            masks_change(SIG_UNBLOCK, &mask, &old);
    }
    return (old & mask) != 0 ? (handler_function)2 : previous;
}

EXPORT int sigignore(int signal) {
    return set_handler(signal, SIG_IGN, 0, 0) == SIG_ERR ? -1 : 0;
}

EXPORT int siginterrupt(int signal, int interrupt) {
    static _Atomic(void *) next;
    struct sigaction action;

    hook_start();
    if (!hook_settings.active || !is_ours(signal)) {
        int (*function)(int, int) = next_function(&next, "siginterrupt");
        return function != NULL ? function(signal, interrupt) : -1;
    }
    if (sigaction(signal, NULL, &action) < 0)
        return -1;
    action.sa_flags = interrupt ? action.sa_flags & ~SA_RESTART : action.sa_flags | SA_RESTART;
    return sigaction(signal, &action, NULL);
}
