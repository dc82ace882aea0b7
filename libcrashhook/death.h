/* SPDX-License-Identifier: MIT */
/* The end of a process: one report, then death as it would have been without us. */
#ifndef LIBCRASHHOOK_DEATH_H
#define LIBCRASHHOOK_DEATH_H

#include "libcrashhook/records.h"

/* Async-signal-safe, all of it. */

void death_take_cause(struct cause *cause, const siginfo_t *info, const ucontext_t *context);
/* Reports, unless another thread does, and lets the signal kill once the handler has returned.
 * running: the innermost of the program's handlers that runs, whose cause comes first. */
void death_report(int signal, const siginfo_t *info, ucontext_t *context,
                  struct cause_record *running);
/* Sends it to the calling thread once more. */
bool death_queue(int signal, const siginfo_t *info);

/* A handler has put back the default action: it is about to send the signal again. */
void death_is_near(void);
/* That handler has returned. */
void death_is_far(void);
/* This signal was sent by a handler that gives up in another thread, which is to tell of it;
 * comes back when there is none. */
void death_hand_over(int signal, const siginfo_t *info);
/* Has another thread handed its signal over to this one? */
bool death_takes_over(int *signal, siginfo_t *info);

/* The program's handler ends the process by itself: reported, if that was asked for. */
void death_handled(int status);

#endif
