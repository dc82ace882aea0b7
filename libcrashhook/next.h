/* SPDX-License-Identifier: MIT */
/* The function that a program would have called if we had not stepped in front of it. */
#ifndef LIBCRASHHOOK_NEXT_H
#define LIBCRASHHOOK_NEXT_H

#include <stddef.h>

/* Once, in the constructor: headers is the program's own table (AT_PHDR). */
void next_start(void);
/* What dlsym(RTLD_NEXT) would find from here; NULL if there is none. Async-signal-safe. */
void *next_symbol(const char *name);
/* All that are behind us, in the linker's order; how many. */
size_t next_symbols(const char *name, void **found, size_t room);

#endif
