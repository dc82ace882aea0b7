/* SPDX-License-Identifier: MIT */
/*
 * A handler that recovers by siglongjmp() leaves its record on a stack that others overwrite
 * sooner or later; until then a later death must not be blamed on the fault that was recovered
 * from. The exported functions cannot be C, because a jump needs its caller's frame untouched.
 *
 * Async-signal-safe once jumps_resolve() has run, which happens when a program sets a handler.
 */
#include "libcrashhook/jumps.h"

#include "libcrashhook/handler.h"
#include "libcrashhook/hook.h"
#include "libcrashhook/next.h"

static _Atomic(void *) targets[JUMP_KINDS];

static const char *const NAMES[JUMP_KINDS] = {
    [JUMP_LONGJMP] = "longjmp",
    [JUMP_UNDERSCORE] = "_longjmp",
    [JUMP_SIGLONGJMP] = "siglongjmp",
    [JUMP_CHECKED] = "__longjmp_chk",
};

static void *resolve(unsigned jump) {
    void *target = atomic_load(&targets[jump]);

    if (target == NULL) {
        target = next_symbol(NAMES[jump]);
        atomic_store(&targets[jump], target);
    }
    return target;
}

void jumps_resolve(void) {
    for (unsigned jump = 0; jump < JUMP_KINDS; jump++)
        resolve(jump);
}

void *jumps_target(unsigned jump) {
    if (hook_thread.live != NULL)
        handler_abandon();
    return resolve(jump);
}
