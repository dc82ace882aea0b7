/* SPDX-License-Identifier: MIT */
/* Libraries that are loaded later, in ways that lead them past our functions. */
#ifndef LIBCRASHHOOK_LATE_H
#define LIBCRASHHOOK_LATE_H

#include <stdbool.h>

/* A library is about to be loaded; past_us: it will look for functions in its own place first. */
void late_loading(bool past_us);
/* Has such a library changed what the kernel has for our signals, or does it still call libc past
 * us? Not async-signal-safe. */
void late_check(void);
/* The first half of that alone. Async-signal-safe. */
void late_check_dispositions(void);
/* Instead of the real dlsym(); NULL for the real one. */
void *late_dlsym(void *handle, const char *name);

#endif
