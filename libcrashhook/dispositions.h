/* SPDX-License-Identifier: MIT */
/* Whom a signal goes to: what the program has asked for, and what the kernel was told. */
#ifndef LIBCRASHHOOK_DISPOSITIONS_H
#define LIBCRASHHOOK_DISPOSITIONS_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

/* What a program asked for; immutable once it is in the table. */
struct disposition {
    void (*handler)(int, siginfo_t *, void *);
    uint64_t mask;
    int flags;
};

void dispositions_start(void);
/* sigaction(), for ourselves: the exported name costs a look-up at every start. */
int dispositions_set(int signal, const struct sigaction *wanted, struct sigaction *old)
    __attribute__((nothrow, leaf));

/* Async-signal-safe, all that follows. */

/* Is this one of the signals that we stand in for? */
bool disposition_is_ours(int signal);
/* NULL where the program has inherited another than the default action, or is left alone. */
const struct disposition *disposition_of(int signal);
bool disposition_is_default(const struct disposition *disposition);
bool disposition_is_ignore(const struct disposition *disposition);
/* The return address of handlers that the program has set; 0 if it has set none. */
uint64_t dispositions_signal_return(void);
void dispositions_set_signal_return(uint64_t address);
/* SA_RESETHAND: the program has the default action from now on, unless it has just set another. */
void disposition_reset(int signal, const struct disposition *from);
/* Whatever it was, inherited or not: the process is about to die of it. */
void disposition_force_default(int signal);
/* From now on the program has alternate stacks of its own. */
void dispositions_own_stacks(void);
/* Takes over what was set past us. */
void dispositions_check(void);

#endif
