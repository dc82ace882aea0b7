/* SPDX-License-Identifier: MIT */
/*
 * The kernel's own structures, and EFAULT for pointers that lead nowhere, as the kernel has it: it
 * is asked to read or write them first, in calls that change nothing. Async-signal-safe.
 */
#include "libcrashhook/system_call.h"

#include <errno.h>
#include <signal.h>

#include "libcrashhook/altstack.h"
#include "libcrashhook/death.h"
#include "libcrashhook/dispositions.h"
#include "libcrashhook/hook.h"
#include "libcrashhook/masks.h"
#include "libcrashhook/syscalls.h"
#include "libcrashhook/text.h"

enum { NO_SUCH_WAY = 99 };

static long fail(long error) {
    errno = (int)-error;
    return -1;
}

static long set_action(long number, int signal, const struct kernel_sigaction *wanted,
                       struct kernel_sigaction *old) {
    struct sigaction action, before;
    long result;

    if (old != NULL && (result = sys_sigaction(signal, NULL, old)) < 0)
        return fail(result);
    /* SIGKILL's cannot be changed, but only after it was read. */
    if (wanted != NULL && sys_sigaction(SIGKILL, wanted, NULL) == -EFAULT)
        return fail(-EFAULT);
    if (wanted != NULL) {
        text_zero(&action, sizeof action);
        action.sa_sigaction = wanted->handler;
        action.sa_flags = (int)wanted->flags;
        text_copy(&action.sa_mask, &wanted->mask, sizeof wanted->mask);
    }
    if (dispositions_set(signal, wanted != NULL ? &action : NULL, &before) < 0)
        return -1;
    if (old != NULL) {
        old->handler = before.sa_sigaction;
        old->flags = (unsigned)before.sa_flags;
        old->restorer = (void *)before.sa_restorer;
        text_copy(&old->mask, &before.sa_mask, sizeof old->mask);
    }
    return 0;
}

static long set_mask(long number, int how, const uint64_t *set, uint64_t *old) {
    long result;

    if (set != NULL && sys_sigmask(NO_SUCH_WAY, set, NULL) == -EFAULT)
        return fail(-EFAULT);
    result = masks_change(how, set, old);
    return result < 0 ? fail(result) : 0;
}

static long set_stack(long number, const stack_t *wanted, stack_t *old) {
    return altstack_set(wanted, old);
}

static long install_filter(long number, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
                           uint64_t e) {
    long result = sandbox_call_watched(number, (uint64_t[5]){a, b, c, d, e});

    return result < 0 ? fail(result) : result;
}

void *system_call(const uint64_t arguments[6]) {
    if (arguments[0] == SYS_exit_group || arguments[0] == SYS_exit)
        death_handled((int)arguments[1]);
    if (!hook_settings.active || hook_in_vfork_child())
        return NULL;
    switch (arguments[0]) {
    case SYS_rt_sigaction:
        return disposition_is_ours((int)arguments[1]) && arguments[4] == SIGSET_SIZE
                   ? (void *)set_action
                   : NULL;
    case SYS_rt_sigprocmask:
        return arguments[4] == SIGSET_SIZE ? (void *)set_mask : NULL;
    case SYS_sigaltstack:
        return (void *)set_stack;
    case SYS_seccomp:
    case SYS_prctl:
        return (void *)install_filter;
    default:
        return NULL;
    }
}
