/* SPDX-License-Identifier: MIT */
/* Is it abort() that sent this SIGABRT? */
#ifndef LIBCRASHHOOK_ABORT_H
#define LIBCRASHHOOK_ABORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ABORT_STACK_WORDS = 128 }; /* raise() keeps a set of signals or two there */

/* Async-signal-safe. sp: the stack pointer where the signal came. */
bool abort_is_calling(uint64_t sp);
/* Is there a return address into abort() among these words of a stack? */
bool abort_returns_to(const uint64_t *words, size_t count);

#endif
