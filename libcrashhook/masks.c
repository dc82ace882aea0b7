/* SPDX-License-Identifier: MIT */
/*
 * A fault in a thread that has blocked its signal kills without a word, and threads that block
 * everything are common. So the kernel's masks never have the synchronous signals; what the
 * program thinks it has blocked is remembered for what it reads back, and for signals that were
 * sent, which go back to pending (handler.c).
 *
 * Async-signal-safe.
 */
#include "libcrashhook/masks.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>

#include "libcrashhook/handler.h"
#include "libcrashhook/hook.h"
#include "libcrashhook/syscalls.h"

int masks_change(int how, const uint64_t *set, uint64_t *old) {
    struct hook_thread *self = &hook_thread;
    uint64_t blocked = self->blocked, shown = blocked | handler_blocked(), change = 0;
    uint64_t kernel_old = 0;
    long result;

    if (set != NULL) {
        change = *set & ~LIBC_SIGNALS;
        if (how == SIG_BLOCK)
            self->blocked = blocked | (change & SYNCHRONOUS_SIGNALS);
        else if (how == SIG_UNBLOCK)
            self->blocked = blocked & ~change;
        else if (how == SIG_SETMASK)
            self->blocked = change & SYNCHRONOUS_SIGNALS;
        if (how == SIG_UNBLOCK)
            handler_unblock(change);
        else if (how == SIG_SETMASK)
            handler_unblock(~change);
        if (how != SIG_UNBLOCK)
            change &= ~SYNCHRONOUS_SIGNALS;
    }
    result = sys_sigmask(how, set != NULL ? &change : NULL, &kernel_old);
    if (result < 0)
        self->blocked = blocked;
    else if (old != NULL)
        *old = kernel_old | shown;
    return (int)result;
}

static int set_mask(int how, const sigset_t *set, sigset_t *old) {
    uint64_t wanted = 0, before = 0;
    int result;

    hook_start();
    if (set != NULL)
        __builtin_memcpy(&wanted, set, sizeof wanted);
    if (!hook_settings.active ||
        (set != NULL && ((wanted & SYNCHRONOUS_SIGNALS) | hook_thread.blocked) != 0 &&
         hook_in_vfork_child())) {
        wanted &= ~LIBC_SIGNALS;
        result = (int)sys_sigmask(how, set != NULL ? &wanted : NULL, &before);
    } else {
        result = masks_change(how, set != NULL ? &wanted : NULL, &before);
    }
    if (result == 0 && old != NULL)
        __builtin_memcpy(old, &before, sizeof before);
    return result;
}

EXPORT int pthread_sigmask(int how, const sigset_t *set, sigset_t *old) {
    return -set_mask(how, set, old);
}

EXPORT int sigprocmask(int how, const sigset_t *set, sigset_t *old) {
    int result = set_mask(how, set, old);

    if (result == 0)
        return 0;
    errno = -result;
    return -1;
}

void masks_start(void) {
    uint64_t mask = 0;

    if (sys_sigmask(SIG_BLOCK, NULL, &mask) == 0 && (mask & SYNCHRONOUS_SIGNALS) != 0)
        masks_start_thread(0);
}

void masks_start_thread(uint64_t blocked) {
    uint64_t unblock = SYNCHRONOUS_SIGNALS, mask = 0;

    sys_sigmask(SIG_UNBLOCK, &unblock, &mask);
    hook_thread.blocked = blocked | (mask & SYNCHRONOUS_SIGNALS);
}
