/* SPDX-License-Identifier: MIT */
/*
 * abort() ends a process whatever its SIGABRT does: where that is ignored, blocked, or has a
 * handler that returns, libc takes the disposition away past us and kills. Async-signal-safe.
 */
#include "libcrashhook/abort.h"

#include "libcrashhook/altstack.h"
#include "libcrashhook/arch.h"
#include "libcrashhook/dispositions.h"
#include "libcrashhook/hook.h"
#include "libcrashhook/libc.h"
#include "libcrashhook/next.h"
#include "libcrashhook/syscalls.h"

enum {
    ABORT_CODE_SIZE = 512,
    RAISE_STACK_WORDS = 128, /* raise() keeps a set of signals or two there */
    LAST_TO_UNBLOCK_FIRST =
        40 /* glibc 2.41 raises the signal before it unblocks it, as musl does */
};

/* Where raise() returns to in abort(). */
static uint64_t return_address(void) {
    static _Atomic uint64_t known;
    uint64_t address = atomic_load(&known), code;

    if (address != 0)
        return address;
    code = (uint64_t)next_symbol("abort");
    if (code == 0)
        return 0;
    address = arch_find_raise((const uint8_t *)code, ABORT_CODE_SIZE, code,
                              (uint64_t)next_symbol("raise"));
    atomic_store(&known, address);
    return address;
}

bool abort_returns_to(const uint64_t *words, size_t count) {
    uint64_t address = return_address();

    for (size_t i = 0; i < count && address != 0; i++) {
        if (words[i] == address)
            return true;
    }
    return false;
}

bool abort_is_calling(uint64_t sp) {
    return abort_returns_to((const uint64_t *)(sp & ~(uint64_t)7), ABORT_STACK_WORDS);
}

static bool is_blocked(void) {
    uint64_t blocked = 0;

    sys_sigmask(SIG_BLOCK, NULL, &blocked);
    return (blocked & signal_bit(SIGABRT)) != 0;
}

static bool is_pending(void) {
    uint64_t pending = 0;

    sys(SYS_rt_sigpending, &pending, SIGSET_SIZE);
    return (pending & signal_bit(SIGABRT)) != 0;
}

void abort_begins(void) {
    const uint64_t signal = signal_bit(SIGABRT);
    unsigned glibc = libc_glibc_minor();
    bool unblocks_first = glibc != 0 && glibc <= LAST_TO_UNBLOCK_FIRST, blocked;
    struct kernel_sigaction now;

    if (!hook_settings.active || !disposition_is_ours(SIGABRT) ||
        /* abort() itself does not ask, and a sandbox may kill who does. */
        sandbox_call(SYS_rt_sigaction, SIGABRT, 0, (long)&now, SIGSET_SIZE, 0, 0) < 0 ||
        hook_in_vfork_child())
        return;
    altstack_forget_unmapped();
    blocked = !unblocks_first && is_blocked();
    /* A handler that is blocked there is never called. */
    if (now.handler == (void *)SIG_IGN || now.handler == (void *)SIG_DFL || blocked)
        disposition_force_default(SIGABRT);
    if (blocked && !is_pending())
        sys_sigmask(SIG_UNBLOCK, &signal, NULL);
}
