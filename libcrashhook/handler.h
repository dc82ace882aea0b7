/* SPDX-License-Identifier: MIT */
/* The one signal handler: the program's own one if it has one, else one report, then death. */
#ifndef LIBCRASHHOOK_HANDLER_H
#define LIBCRASHHOOK_HANDLER_H

#include <signal.h>

#include "libcrashhook/arch.h"

/* Why the process dies, by value: the handler of the program may change what it was given. */
struct cause {
    siginfo_t info;
    uint64_t registers[SNAPSHOT_REGISTER_COUNT];
    uint64_t known;
    uint64_t vectors; /* where the kernel has put them, 0 if that is not known */
    struct arch_trap trap;
};

void handler_on_signal(int signal, siginfo_t *info, void *context);

#endif
