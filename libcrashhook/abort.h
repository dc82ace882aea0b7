/* SPDX-License-Identifier: MIT */
/* Is it abort() that sent this SIGABRT? */
#ifndef LIBCRASHHOOK_ABORT_H
#define LIBCRASHHOOK_ABORT_H

#include <stdbool.h>
#include <stdint.h>

/* Async-signal-safe. sp: the stack pointer where the signal came. */
bool abort_is_calling(uint64_t sp);

#endif
