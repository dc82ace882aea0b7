/* SPDX-License-Identifier: MIT */
/* Async-signal-safe: raw system calls, own memory. */
#include "libcrashhook/guard.h"

#include <time.h>

#include "libcrashhook/hook.h"
#include "libcrashhook/syscalls.h"

/* The helper shares everything with the process but what the kernel keeps for it: so its
 * alternate stack tells whose guard this is. */
static struct guard *guard_of(const ucontext_t *context) {
    return *(struct guard **)context->uc_stack.ss_sp;
}

static void on_fault(int signal, siginfo_t *info, void *context) {
    const struct kernel_sigaction deadly = {.handler = (void *)SIG_DFL};
    struct guard *guard = guard_of(context);

    if (signal == GUARD_SIGNAL) {
        guard->late = true;
        if (!guard->armed)
            return;
    }
    if (!guard->armed) {
        /* Returns into the fault. */
        sys_sigaction(signal, &deadly, NULL);
        return;
    }
    guard->armed = false;
    __builtin_longjmp(guard->jump, 1);
}

/* Reading the memory of a file system that answers no more is ended by nothing but SIGKILL: that
 * comes later (helper.c). */
static void limit_time(void) {
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = GUARD_SIGNAL};
    const struct itimerspec timer = {.it_value = {
                                         .tv_sec = hook_settings.timeout_ms / 1000,
                                         .tv_nsec = hook_settings.timeout_ms % 1000 * 1000000,
                                     }};
    int id;

    if (sys(SYS_timer_create, CLOCK_MONOTONIC, &event, &id) == 0)
        sys(SYS_timer_settime, id, 0, &timer, NULL);
}

void guard_begin(struct guard *guard, void *memory) {
    const stack_t stack = {.ss_sp = memory, .ss_size = GUARD_STACK_SIZE};
    const uint64_t signals = (SYNCHRONOUS_SIGNALS & ~signal_bit(SIGSYS)) | signal_bit(GUARD_SIGNAL);
    const struct kernel_sigaction action = {
        .handler = on_fault,
        .flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER | ARCH_SA_RESTORER,
        .restorer = (void *)arch_signal_return,
    };

    *(struct guard **)memory = guard;
    if (sys(SYS_sigaltstack, &stack, NULL) < 0)
        return;
    for (int signal = 1; signal < 32; signal++) {
        if ((signals & signal_bit(signal)) != 0)
            sys_sigaction(signal, &action, NULL);
    }
    limit_time();
    guard->ready = true;
}

__attribute__((noinline)) bool guard_run(struct guard *guard, void (*step)(void *), void *context) {
    if (!guard->ready) {
        step(context);
        return true;
    }
    if (guard->late)
        return false;
    if (__builtin_setjmp(guard->jump) != 0)
        return false;
    guard->armed = true;
    step(context);
    guard->armed = false;
    return true;
}
