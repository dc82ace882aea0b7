/* SPDX-License-Identifier: MIT */
/*
 * What the program wants of each signal that we stand in for, and what the kernel is told: always
 * one and the same handler (handler_on_signal), which looks up here whom to call. The program is
 * shown what it has set.
 *
 * Entries of the table are immutable and interned, so that a handler that runs while the table
 * changes sees the old or the new one, whole. All of this is async-signal-safe, as sigaction() is.
 */
#include "libcrashhook/dispositions.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/mman.h>

#include "libcrashhook/death.h"
#include "libcrashhook/early.h"
#include "libcrashhook/hook.h"
#include "libcrashhook/jumps.h"
#include "libcrashhook/late.h"
#include "libcrashhook/next.h"
#include "libcrashhook/records.h"
#include "libcrashhook/syscalls.h"
#include "libcrashhook/text.h"

enum { SIGNALS = 65, INTERNED = 128 };

typedef int sigaction_function(int, const struct sigaction *, struct sigaction *);

static _Atomic(void *) real_sigaction;
/* What libc lets handlers return to, as told by the kernel; 0 until a program has set a handler. */
static _Atomic uint64_t signal_return;

static _Atomic(const struct disposition *) table[SIGNALS];
/* Synchronous signals that a program put into the sa_mask of another one. */
static _Atomic uint64_t hidden_masks[SIGNALS];

static const struct disposition DEFAULT_DISPOSITION = {.handler = (void *)SIG_DFL};

/* What the kernel keeps of sa_flags; SA_RESTORER is libc's addition. */
static const unsigned KEPT_FLAGS = SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_ONSTACK |
                                   SA_RESTART | SA_NODEFER | SA_RESETHAND | ARCH_SA_RESTORER;

/* The program brings alternate stacks of its own, which handlers that do not ask for them must
 * leave alone. */
static atomic_bool own_stacks;

struct interned {
    struct disposition dispositions[INTERNED];
    atomic_bool ready[INTERNED];
    atomic_uint count;
    _Atomic(struct interned *) next;
};
static struct interned first_interned APART;

static const struct disposition *find_interned(const struct interned *block,
                                               const struct disposition *wanted) {
    unsigned count = atomic_load(&block->count);

    for (unsigned i = 0; i < count && i < INTERNED; i++) {
        const struct disposition *known = &block->dispositions[i];
        if (atomic_load(&block->ready[i]) && known->handler == wanted->handler &&
            known->flags == wanted->flags && known->mask == wanted->mask)
            return known;
    }
    return NULL;
}

static struct interned *next_block(struct interned *block) {
    struct interned *next = atomic_load(&block->next), *none = NULL;
    long memory;

    if (next != NULL)
        return next;
    memory = sys(SYS_mmap, NULL, sizeof *next, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                 -1, 0);
    if (memory < 0)
        return NULL;
    if (atomic_compare_exchange_strong(&block->next, &none, (struct interned *)memory))
        return (struct interned *)memory;
    sys(SYS_munmap, memory, sizeof *next);
    return none;
}

static const struct disposition *intern(const struct disposition *wanted) {
    const struct disposition *known;

    for (struct interned *block = &first_interned; block != NULL; block = next_block(block)) {
        unsigned at;
        known = find_interned(block, wanted);
        if (known != NULL)
            return known;
        if (atomic_load(&block->count) >= INTERNED ||
            (at = atomic_fetch_add(&block->count, 1)) >= INTERNED)
            continue;
        block->dispositions[at] = *wanted;
        atomic_store(&block->ready[at], true);
        return &block->dispositions[at];
    }
    return NULL;
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

bool disposition_is_ours(int signal) {
    return signal >= 1 && signal < SIGNALS && (hook_settings.signals & signal_bit(signal)) != 0;
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

/* Ours, for what is the default action. The return address is our own: that of libc is not known
 * before it has set a handler. */
static struct kernel_sigaction stand_in(void) {
    return (struct kernel_sigaction){
        .handler = handler_on_signal,
        .flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART | SA_NODEFER | ARCH_SA_RESTORER,
        .restorer = (void *)arch_signal_return,
        .mask = ~(SYNCHRONOUS_SIGNALS | LIBC_SIGNALS),
    };
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
        /* A thread that has overflown cannot be told without: the handler is moved back. */
        if (signal == SIGSEGV && !atomic_load(&own_stacks))
            action.sa_flags |= SA_ONSTACK;
        put_mask(&action.sa_mask, wanted->mask & ~SYNCHRONOUS_SIGNALS);
    }
    return action;
}

void disposition_reset(int signal, const struct disposition *from) {
    const struct disposition *to =
        intern(&(struct disposition){.handler = (void *)SIG_DFL, from->mask, from->flags});
    const struct kernel_sigaction ours = stand_in();

    if (to != NULL && atomic_compare_exchange_strong(&table[signal], &from, to))
        sys_sigaction(signal, &ours, NULL);
}

/* By raw calls, as the next sigaction() may be that of a runtime that has not begun yet. What has
 * been inherited is seen only once it has been replaced: one call for each signal. */
void dispositions_start(void) {
    const struct kernel_sigaction ours = stand_in();

    for (int signal = 1; signal < SIGNALS; signal++) {
        struct kernel_sigaction before;

        if ((hook_settings.signals & signal_bit(signal)) == 0 ||
            atomic_load(&table[signal]) != NULL)
            continue;
        atomic_store(&table[signal], &DEFAULT_DISPOSITION);
        if (sys_sigaction(signal, &ours, &before) < 0) {
            atomic_store(&table[signal], NULL);
        } else if (before.handler != (void *)SIG_DFL && !early_is_handler(before.handler)) {
            atomic_store(&table[signal], NULL);
            sys_sigaction(signal, &before, NULL);
        }
    }
}

static void show(const struct disposition *disposition, struct sigaction *shown) {
    shown->sa_flags = disposition->flags;
    shown->sa_sigaction = disposition->handler;
    shown->sa_restorer = NULL;
    if (disposition->flags & ARCH_SA_RESTORER)
        shown->sa_restorer = (void (*)(void))atomic_load(&signal_return);
    put_mask(&shown->sa_mask, disposition->mask);
}

/* Tells the kernel until what it was told last is what the table holds: another thread may be
 * setting the same signal. */
static int tell_kernel(int signal, const struct disposition *next, struct sigaction *seen) {
    const struct disposition *told = next;
    struct sigaction action = kernel_action(signal, told), unused;
    int result = next_sigaction(signal, &action, seen);

    while (result == 0 && (next = disposition_of(signal)) != told && next != NULL) {
        told = next;
        action = kernel_action(signal, told);
        result = next_sigaction(signal, &action, &unused);
    }
    return result;
}

/* libjsig keeps what others set beside the JVM's handlers and lets the JVM call it. It is there
 * from the start, or is no keeper: looked for once. */
static bool keeper_is_behind(void) {
    enum { UNKNOWN, ABSENT, PRESENT };
    static atomic_int known;
    int state = atomic_load_explicit(&known, memory_order_relaxed);

    if (state == UNKNOWN) {
        state = next_symbol("JVM_begin_signal_setting") != NULL ? PRESENT : ABSENT;
        atomic_store_explicit(&known, state, memory_order_relaxed);
    }
    return state == PRESENT;
}

/* A library behind us that keeps dispositions itself: it must see and be told what the program is
 * and tells, or the JVM would take our handler for one to be called before it reports an error.
 * What it has let through to the kernel is then stood in for. */
static int tell_keeper(int signal, const struct disposition *next, const struct sigaction *wanted,
                       struct sigaction *seen) {
    const struct disposition *previous = disposition_of(signal);
    const struct kernel_sigaction shown = {
        .handler = previous->handler,
        .flags = (unsigned)previous->flags | ARCH_SA_RESTORER,
        .restorer = (void *)arch_signal_return,
        .mask = previous->mask,
    };
    struct kernel_sigaction ours, now;
    struct sigaction action;
    int result;

    if (sys_sigaction(signal, &shown, &ours) < 0)
        return tell_kernel(signal, next, seen);
    result = next_sigaction(signal, wanted, seen);
    if (result == 0 && sys_sigaction(signal, NULL, &now) == 0 && now.handler == next->handler) {
        action = kernel_action(signal, next);
        atomic_store(&table[signal], next);
        ours.handler = action.sa_sigaction;
        ours.flags = (unsigned)action.sa_flags | ARCH_SA_RESTORER;
        ours.mask = get_mask(&action.sa_mask);
        if (now.restorer != NULL)
            ours.restorer = now.restorer;
    }
    sys_sigaction(signal, &ours, NULL);
    return result;
}

static int set_ours(int signal, const struct sigaction *wanted, struct sigaction *old) {
    const struct disposition *next, *previous;
    struct sigaction seen;
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
        .flags = (int)(((unsigned)wanted->sa_flags & KEPT_FLAGS) | ARCH_SA_RESTORER),
        .mask = get_mask(&wanted->sa_mask) & ~(signal_bit(SIGKILL) | signal_bit(SIGSTOP)),
    });
    if (next == NULL) {
        /* No memory: it gets what it asked for, unwatched. */
        previous = atomic_exchange(&table[signal], NULL);
        result = next_sigaction(signal, wanted, &seen);
    } else {
        if (disposition_is_default(next) && hook_thread.live != NULL && records_own() != NULL)
            death_is_near();
        else if (!disposition_is_default(next) && !disposition_is_ignore(next))
            jumps_resolve();
        if (disposition_of(signal) != NULL && keeper_is_behind()) {
            result = tell_keeper(signal, next, wanted, &seen);
            if (result == 0 && old != NULL)
                *old = seen;
            return result;
        }
        previous = atomic_exchange(&table[signal], next);
        result = tell_kernel(signal, next, &seen);
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
    uint64_t hidden = 0, before;
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

/* A vfork child has its own dispositions but its parent's table, which it must not change; what the
 * table says is what it has inherited. */
static int set_in_vfork_child(int signal, const struct sigaction *wanted, struct sigaction *old) {
    const struct disposition *known = disposition_of(signal);
    struct sigaction seen;
    int result = next_sigaction(signal, wanted, &seen);

    /* The default action is ours while that is what the table says. */
    if (result == 0 && wanted != NULL && disposition_is_ours(signal) && known != NULL &&
        disposition_is_default(known) && wanted->sa_handler == SIG_DFL) {
        const struct kernel_sigaction ours = stand_in();
        sys_sigaction(signal, &ours, NULL);
    }
    if (result < 0 || old == NULL)
        return result;
    if (seen.sa_sigaction == handler_on_signal && disposition_of(signal) != NULL)
        show(disposition_of(signal), old);
    else
        *old = seen;
    return result;
}

int dispositions_set(int signal, const struct sigaction *wanted, struct sigaction *old) {
    hook_start();
    if (!hook_settings.active)
        return next_sigaction(signal, wanted, old);
    if (hook_in_vfork_child())
        return set_in_vfork_child(signal, wanted, old);
    late_check_dispositions();
    return disposition_is_ours(signal) ? set_ours(signal, wanted, old)
                                       : set_other(signal, wanted, old);
}

EXPORT int sigaction(int signal, const struct sigaction *wanted, struct sigaction *old)
    __attribute__((nothrow, leaf)) __attribute__((alias("dispositions_set")));
EXPORT int __sigaction(int signal, const struct sigaction *wanted, struct sigaction *old)
    __attribute__((nothrow, leaf)) __attribute__((alias("dispositions_set")));

void disposition_force_default(int signal) {
    struct sigaction seen;

    atomic_store(&table[signal], &DEFAULT_DISPOSITION);
    tell_kernel(signal, &DEFAULT_DISPOSITION, &seen);
}

void dispositions_own_stacks(void) {
    const struct disposition *known = disposition_of(SIGSEGV);
    struct sigaction seen;

    if (!atomic_exchange(&own_stacks, true) && known != NULL && !disposition_is_default(known) &&
        !disposition_is_ignore(known))
        tell_kernel(SIGSEGV, known, &seen);
}

/* What the kernel has is adopted where it is not ours: a library that does not see our functions
 * has set it. */
static void check_one(int signal) {
    const struct disposition *known = disposition_of(signal), *found;
    struct kernel_sigaction now;
    struct sigaction seen;

    if (sys_sigaction(signal, NULL, &now) < 0 || now.handler == handler_on_signal)
        return;
    if (now.handler == (void *)SIG_IGN &&
        (known == NULL || disposition_is_ignore(known))) /* inherited, or as it was told */
        return;
    found = intern(
        &(struct disposition){.handler = now.handler, .flags = (int)now.flags, .mask = now.mask});
    if (found == NULL)
        return;
    atomic_store(&table[signal], found);
    tell_kernel(signal, found, &seen);
}

void dispositions_check(void) {
    if (!hook_settings.active || hook_in_vfork_child())
        return;
    for (int signal = 1; signal < SIGNALS; signal++) {
        if (disposition_is_ours(signal))
            check_one(signal);
    }
}
