/* SPDX-License-Identifier: MIT */
/*
 * What is to be known of a call before the real function is jumped to. The exported functions
 * cannot be C: a long jump needs its caller's frame untouched, abort() its caller on the stack, and
 * dlopen() looks at who calls it.
 *
 * Async-signal-safe where the function itself is.
 */
#include "libcrashhook/jumps.h"

#include <dlfcn.h>
#include <errno.h>
#include <ucontext.h>

#include "libcrashhook/abort.h"
#include "libcrashhook/death.h"
#include "libcrashhook/hook.h"
#include "libcrashhook/libc.h"
#include "libcrashhook/late.h"
#include "libcrashhook/masks.h"
#include "libcrashhook/next.h"
#include "libcrashhook/records.h"
#include "libcrashhook/system_call.h"

static _Atomic(void *) targets[JUMP_KINDS];
_Atomic(void *) jumps_system_call;

static const char *name_of(unsigned jump) {
    switch (jump) {
#define X(KIND, number, name)                                                                      \
    case number:                                                                                   \
        return name;
        JUMPS(X, X)
#undef X
    default:
        return "";
    }
}

static void *resolve(unsigned jump) {
    return next_function(&targets[jump], name_of(jump));
}

void jumps_resolve(void) {
    for (unsigned jump = JUMP_LONGJMP; jump <= JUMP_ABORT; jump++)
        resolve(jump);
    libc_glibc_minor();
}

/* A handler that recovers by siglongjmp() leaves its record on a stack that others overwrite sooner
 * or later; until then a later death must not be blamed on the fault that was recovered from. */
static void leave_handlers(unsigned jump, const void *buffer) {
    bool glibc = libc_glibc_minor() != 0, mask_restored;
    uint64_t sp;

    if (hook_thread.live == NULL && hook_thread.waits == NULL)
        return;
    sp = arch_jump_sp(buffer, glibc);
    mask_restored = glibc ? arch_jump_restores_mask(buffer) : jump == JUMP_SIGLONGJMP;
    masks_wait_leave(sp);
    if (hook_thread.live != NULL)
        records_leave(sp, mask_restored);
}

/* The kernel gets the mask of a context that was made by hand as it is. */
static void hide_mask(ucontext_t *context) {
    uint64_t mask;

    __builtin_memcpy(&mask, &context->uc_sigmask, sizeof mask);
    if ((mask & SYNCHRONOUS_SIGNALS) == 0 || !hook_settings.active || hook_in_vfork_child())
        return;
    hook_thread.blocked = mask & SYNCHRONOUS_SIGNALS;
    mask = masks_hide(mask);
    __builtin_memcpy(&context->uc_sigmask, &mask, sizeof mask);
}

static __attribute__((noinline)) void set_live(struct cause_record *record) {
    hook_thread.live = record;
}

/* A handler that waits in a coroutine of its own still runs when that comes back to it, if it does,
 * and does in the same thread. */
static int swap_in_handler(ucontext_t *from, const ucontext_t *to) {
    int (*function)(ucontext_t *, const ucontext_t *) = resolve(JUMP_SWAPCONTEXT);
    struct cause_record *running = records_own();
    uint64_t thread = arch_thread_pointer();
    int result;

    set_live(NULL);
    result = function(from, to);
    if (arch_thread_pointer() == thread)
        set_live(running);
    return result;
}

void *jumps_target(unsigned jump, uint64_t arguments[6]) {
    void *other = NULL;

    hook_start();
    switch (jump) {
    case JUMP_LONGJMP:
    case JUMP_UNDERSCORE_LONGJMP:
    case JUMP_SIGLONGJMP:
    case JUMP_LONGJMP_CHECKED:
        leave_handlers(jump, (const void *)arguments[0]);
        break;
    case JUMP_SETCONTEXT:
        hide_mask((ucontext_t *)arguments[0]);
        if (hook_thread.live != NULL)
            records_abandon();
        break;
    case JUMP_SWAPCONTEXT:
        hide_mask((ucontext_t *)arguments[1]);
        if (hook_thread.live != NULL)
            return (void *)swap_in_handler;
        break;
    case JUMP_ABORT:
    case JUMP_ASSERT_FAIL:
    case JUMP_ASSERT_PERROR_FAIL:
    case JUMP_STACK_CHK_FAIL:
    case JUMP_CHK_FAIL:
        abort_begins();
        break;
    case JUMP_EXIT:
    case JUMP_UNDERSCORE_EXIT:
    case JUMP_C99_EXIT:
    case JUMP_QUICK_EXIT:
        death_handled((int)arguments[0]);
        break;
    case JUMP_DLOPEN:
        late_loading((arguments[1] & RTLD_DEEPBIND) != 0);
        break;
    case JUMP_DLMOPEN:
        late_loading(arguments[0] != LM_ID_BASE || (arguments[2] & RTLD_DEEPBIND) != 0);
        break;
    case JUMP_DLCLOSE:
        late_check();
        break;
    case JUMP_DLSYM:
        late_check();
        other = late_dlsym((void *)arguments[0], (const char *)arguments[1]);
        break;
    case JUMP_SYSCALL:
        other = system_call(arguments);
        break;
    default:
        break;
    }
    if (other != NULL)
        return other;
    return jump == JUMP_SYSCALL ? next_function(&jumps_system_call, "syscall") : resolve(jump);
}
