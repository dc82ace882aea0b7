/* SPDX-License-Identifier: MIT */
/* syscall(2): the calls that change what we stand in for. */
#ifndef LIBCRASHHOOK_SYSTEM_CALL_H
#define LIBCRASHHOOK_SYSTEM_CALL_H

#include <stdint.h>

/* What to call instead of the real syscall() with these arguments; NULL for that. */
void *system_call(const uint64_t arguments[6]);

#endif
