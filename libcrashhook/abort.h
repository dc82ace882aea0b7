/* SPDX-License-Identifier: MIT */
/* Is it abort() that sent this SIGABRT, and does its signal come to us at all? */
#ifndef LIBCRASHHOOK_ABORT_H
#define LIBCRASHHOOK_ABORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ABORT_STACK_WORDS = 128 }; /* raise() keeps a set of signals or two there */

/* Async-signal-safe, all that follows. */

/* Among these words of a stack, is there the address that raise() returns to in abort()? */
bool abort_returns_to(const uint64_t *words, size_t count);
/* sp: the stack pointer where the signal came. */
bool abort_is_calling(uint64_t sp);
/* The program is about to call abort(), or something that ends in it. */
void abort_begins(void);

#endif
