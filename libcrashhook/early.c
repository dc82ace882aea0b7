/* SPDX-License-Identifier: MIT */
/*
 * An IFUNC resolver of our own is the only code of a library that runs before constructors. It is
 * that of a name that musl defines, too, since musl knows no IFUNC: it takes its own, and goes
 * without all this.
 *
 * The resolver runs in the middle of this library's relocation: it uses nothing that is relocated.
 * Async-signal-safe.
 */
#include "libcrashhook/early.h"

#include "libcrashhook/handler.h"
#include "libcrashhook/hook.h"
#include "libcrashhook/syscalls.h"

/* Of glibc's linker: where the kernel has put argc, with argv and the environment behind it. */
extern void *__libc_stack_end __attribute__((weak));

typedef void (*handler_function)(int);
extern __attribute__((visibility("hidden"))) handler_function signals_sysv(int signal,
                                                                           handler_function);

static void on_early_signal(int signal, siginfo_t *info, void *context) {
    hook_start_early();
    /* What comes later is the program's own affair, if the hook does not want this one. */
    if (hook_settings.active)
        handler_on_signal(signal, info, context);
    else
        early_end();
}

static void set_handlers(void (*from)(int, siginfo_t *, void *),
                         void (*to)(int, siginfo_t *, void *)) {
    const struct kernel_sigaction action = {
        .handler = to,
        .flags = SA_SIGINFO | SA_NODEFER | ARCH_SA_RESTORER,
        .restorer = (void *)arch_signal_return,
    };
    const uint64_t signals = SYNCHRONOUS_SIGNALS | signal_bit(SIGABRT);

    for (int signal = 1; signal < 32; signal++) {
        struct kernel_sigaction before;
        if ((signals & signal_bit(signal)) != 0 && sys_sigaction(signal, &action, &before) == 0 &&
            before.handler != from)
            sys_sigaction(signal, &before, NULL);
    }
}

static handler_function (*resolve_sysv_signal(void))(int, handler_function) {
    set_handlers((void *)SIG_DFL, on_early_signal);
    return signals_sysv;
}

EXPORT handler_function __sysv_signal(int signal, handler_function handler)
    __attribute__((ifunc("resolve_sysv_signal")));

/* Somebody must refer to it. */
__attribute__((used)) static handler_function (*const reference)(int,
                                                                 handler_function) = __sysv_signal;

bool early_is_handler(void (*handler)(int, siginfo_t *, void *)) {
    return handler == on_early_signal;
}

void early_end(void) {
    set_handlers(on_early_signal, (void *)SIG_DFL);
}

char **early_environment(void) {
    uint64_t *at = &__libc_stack_end != NULL ? __libc_stack_end : NULL;

    return at != NULL ? (char **)(at + 1 + at[0] + 1) : NULL;
}
