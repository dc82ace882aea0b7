/* SPDX-License-Identifier: MIT */
/*
 * A fault in a thread that has blocked its signal kills without a word, and threads that block
 * everything are common. So the kernel's masks do not have the synchronous signals; what the
 * program thinks it has blocked is remembered for what it reads back, and for signals that were
 * sent, which go back to pending (handler.c) and are then blocked until nobody waits for them.
 *
 * Async-signal-safe.
 */
#include "libcrashhook/masks.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>

#include "libcrashhook/hook.h"
#include "libcrashhook/records.h"
#include "libcrashhook/syscalls.h"

/* Signals that were put back, and not fetched since. */
static uint64_t still_held(void) {
    uint64_t pending = 0;

    if (hook_thread.held == 0)
        return 0;
    sys(SYS_rt_sigpending, &pending, SIGSET_SIZE);
    return hook_thread.held & pending;
}

uint64_t masks_hide(uint64_t wanted) {
    return wanted & ~(SYNCHRONOUS_SIGNALS & ~still_held());
}

int masks_change(int how, const uint64_t *set, uint64_t *old) {
    struct hook_thread *self = &hook_thread;
    uint64_t before = self->blocked, held = self->held, change = 0;
    uint64_t shown = before | (old != NULL ? records_blocked(records_own()) : 0);
    long result;

    if (set != NULL) {
        change = *set & ~LIBC_SIGNALS;
        if (how == SIG_BLOCK) {
            self->blocked = before | (change & SYNCHRONOUS_SIGNALS);
            change = masks_hide(change);
        } else if (how == SIG_UNBLOCK) {
            self->blocked = before & ~change;
            self->held = held & ~change;
            records_unblock(change);
        } else if (how == SIG_SETMASK) {
            self->blocked = change & SYNCHRONOUS_SIGNALS;
            records_unblock(~change);
            change = masks_hide(change);
            self->held = held & change;
        }
    }
    result = sys_sigmask(how, set != NULL ? &change : NULL, old);
    if (result < 0 && result != -EFAULT) {
        self->blocked = before;
        self->held = held;
    } else if (result == 0 && old != NULL) {
        *old |= shown;
    }
    return (int)result;
}

/* Are there notes to change, which a vfork child must not? */
static bool changes_notes(int how, uint64_t wanted) {
    const struct hook_thread *self = &hook_thread;

    if (how == SIG_UNBLOCK)
        return (wanted & (self->blocked | self->held)) != 0;
    return ((wanted & SYNCHRONOUS_SIGNALS) | self->blocked) != 0;
}

static int set_mask(int how, const sigset_t *set, sigset_t *old) {
    uint64_t wanted = 0;
    long result;

    hook_start();
    if (set != NULL)
        __builtin_memcpy(&wanted, set, sizeof wanted);
    if (hook_settings.active && (!changes_notes(how, wanted) || !hook_in_vfork_child()))
        return masks_change(how, set != NULL ? &wanted : NULL, (uint64_t *)old);
    /* A vfork child leaves its parent's notes alone; its own mask is what its program will have. */
    wanted &= ~LIBC_SIGNALS;
    result = sys_sigmask(how, set != NULL ? &wanted : NULL, (uint64_t *)old);
    if (result == 0 && old != NULL)
        *(uint64_t *)old |= hook_thread.blocked;
    return (int)result;
}

EXPORT int pthread_sigmask(int how, const sigset_t *set, sigset_t *old) {
    return -set_mask(how, set, old);
}

int masks_set(int how, const sigset_t *set, sigset_t *old) {
    int result = set_mask(how, set, old);

    if (result == 0)
        return 0;
    errno = -result;
    return -1;
}

EXPORT int sigprocmask(int how, const sigset_t *set, sigset_t *old) __attribute__((nothrow, leaf))
__attribute__((alias("masks_set")));

void masks_start(void) {
    uint64_t mask = 0;

    if (sys_sigmask(SIG_BLOCK, NULL, &mask) == 0 && (mask & SYNCHRONOUS_SIGNALS) != 0)
        masks_start_thread(0);
}

/* What is sent meanwhile goes back, as if it were blocked. */
void masks_start_thread(uint64_t blocked) {
    struct hook_thread *self = &hook_thread;
    uint64_t unblock = SYNCHRONOUS_SIGNALS, mask = 0;

    *(volatile uint64_t *)&self->blocked = SYNCHRONOUS_SIGNALS;
    sys_sigmask(SIG_UNBLOCK, &unblock, &mask);
    *(volatile uint64_t *)&self->blocked = blocked | (mask & SYNCHRONOUS_SIGNALS);
    unblock = self->held & ~self->blocked;
    if (unblock != 0) {
        self->held &= ~unblock;
        sys_sigmask(SIG_UNBLOCK, &unblock, NULL);
    }
}

uint64_t masks_before_create(void) {
    uint64_t blocked = hook_thread.blocked;

    if (blocked != 0)
        sys_sigmask(SIG_BLOCK, &blocked, NULL);
    return blocked;
}

void masks_after_create(uint64_t blocked) {
    blocked &= ~still_held();
    if (blocked != 0)
        sys_sigmask(SIG_UNBLOCK, &blocked, NULL);
}

bool masks_wait_matters(uint64_t wanted) {
    return hook_settings.active &&
           ((wanted & SYNCHRONOUS_SIGNALS) | hook_thread.blocked | hook_thread.held) != 0 &&
           !hook_in_vfork_child();
}

uint64_t masks_wait_begin(struct masks_wait *wait, uint64_t wanted) {
    struct hook_thread *self = &hook_thread;
    uint64_t hidden = masks_hide(wanted);

    /* What is allowed only now must come in the call, not before it. */
    wait->allowed = self->blocked & ~wanted;
    if (wait->allowed != 0)
        sys_sigmask(SIG_BLOCK, &wait->allowed, NULL);
    wait->blocked = self->blocked;
    wait->outer = self->waits;
    *(struct masks_wait *volatile *)&self->waits = wait;
    self->blocked = wanted & SYNCHRONOUS_SIGNALS;
    return hidden;
}

void masks_wait_end(struct masks_wait *wait) {
    struct hook_thread *self = &hook_thread;

    self->waits = wait->outer;
    self->blocked = wait->blocked;
    wait->allowed &= ~still_held();
    if (wait->allowed != 0)
        sys_sigmask(SIG_UNBLOCK, &wait->allowed, NULL);
}

void masks_wait_leave(uint64_t sp) {
    struct hook_thread *self = &hook_thread;

    while (self->waits != NULL && (uint64_t)self->waits < sp) {
        self->blocked = self->waits->blocked;
        self->waits = self->waits->outer;
    }
}
