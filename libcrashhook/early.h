/* SPDX-License-Identifier: MIT */
/*
 * Deaths before any constructor: in the program's IFUNC resolvers, which the dynamic linker calls
 * while it relocates the program, after this library.
 */
#ifndef LIBCRASHHOOK_EARLY_H
#define LIBCRASHHOOK_EARLY_H

#include <signal.h>
#include <stdbool.h>

/* Is this the handler of that time? */
bool early_is_handler(void (*handler)(int, siginfo_t *, void *));
/* Takes it away where it still is: the hook stays out of this program. */
void early_end(void);
/* The environment, when libc does not have it yet; NULL if it cannot be found. */
char **early_environment(void);

#endif
