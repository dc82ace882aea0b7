/* SPDX-License-Identifier: MIT */
/* The threads of a process, by number. */
#ifndef LIBCRASHHOOK_TASKS_H
#define LIBCRASHHOOK_TASKS_H

#include <stdbool.h>

/* Async-signal-safe, both. Calls take() with each thread of process pid, whose directory in /proc
 * is proc; newest is a number given out not long ago. */
void tasks_list(const char *proc, int pid, int newest, void (*take)(void *context, int tid),
                void *context);
/* How many there are; 0 when that cannot be known. */
unsigned tasks_count(const char *proc);

#endif
