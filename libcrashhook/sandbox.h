/* SPDX-License-Identifier: MIT */
/*
 * What the seccomp filters that the program has put on itself would do to a system call of ours: a
 * filter that kills would change what the process dies of. Async-signal-safe, all of it.
 */
#ifndef LIBCRASHHOOK_SANDBOX_H
#define LIBCRASHHOOK_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sandbox_filter;

/* prctl() or seccomp(2), by number: the real call, remembered if it installs a filter. */
long sandbox_call_watched(long number, const uint64_t arguments[5]);

/* The calling process and thread, also where a filter forbids to ask. */
int sandbox_pid(void);
int sandbox_tid(void);
/* write(), or another call that does the same. */
long sandbox_write(int fd, const void *data, size_t size);
/* prctl(PR_GET_DUMPABLE), or what it was when that was forbidden. */
int sandbox_dumpable(void);

/* From here on no call is made that a filter forbids; for a process that dies. */
void sandbox_begin(void);
/* A filter forbids to change dispositions: those of sent signals change by themselves, when our
 * handler is called. */
bool sandbox_has_reset(int signal);
/* Is the way back out of a handler allowed? */
bool sandbox_may_return(void);
/* The signal that is to kill is pending; it comes at once where the way back out of the handler
 * is forbidden. */
void sandbox_leave_handler(int signal);
/* For a vfork child, whose memory goes on being its parent's. */
void sandbox_end(void);

/* The call, or what it gives instead. */
long sandbox_call(long number, long a, long b, long c, long d, long e, long f);
/* May the call be made? If not, *result is what it gives instead: a negative errno. */
bool sandbox_allows(long number, const uint64_t arguments[6], long *result);

#endif
