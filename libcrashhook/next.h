/* SPDX-License-Identifier: MIT */
/* The function that a program would have called if we had not stepped in front of it. */
#ifndef LIBCRASHHOOK_NEXT_H
#define LIBCRASHHOOK_NEXT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Once, in the constructor: headers is the program's own table (AT_PHDR). */
void next_start(void);
/* What dlsym(RTLD_NEXT) would find from here; NULL if there is none. Async-signal-safe. */
void *next_symbol(const char *name);
/* All that are behind us, in the linker's order; how many. */
size_t next_symbols(const char *name, void **found, size_t room);
/* The same in the program, and what else comes before us. */
void *next_before_us(const char *name);
/* Our own function of that name; NULL when we do not interpose it. */
void *next_own(const char *name);
/* The same in what was loaded since the start. */
void *next_late(const char *name);
/* Was the object with this load bias loaded since the start? */
bool next_is_late(uint64_t bias);
/* next_symbol(), remembered; also in libraries that were loaded later. */
typedef _Atomic(void *) next_known;
void *next_function(next_known *known, const char *name);

#endif
