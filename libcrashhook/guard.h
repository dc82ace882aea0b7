/* SPDX-License-Identifier: MIT */
/* Goes on after a fault of our own: a part of the report is lost, not all that comes behind it. */
#ifndef LIBCRASHHOOK_GUARD_H
#define LIBCRASHHOOK_GUARD_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

struct guard {
    void *jump[5]; /* of __builtin_setjmp() */
    bool ready, armed;
    bool late; /* the time is over */
};

enum {
    GUARD_STACK_SIZE = 16 * 1024,
    GUARD_SIGNAL = SIGVTALRM, /* says so */
    GUARD_LAST_MS = 500,      /* for what is left to say then */
};

/* Async-signal-safe, both. In the helper, whose signals are its own: stack is for the handler. */
void guard_begin(struct guard *guard, void *stack);
/* False if the step has failed, or the time is over. Without guard_begin() it is just called. */
bool guard_run(struct guard *guard, void (*step)(void *), void *context);

#endif
