/* SPDX-License-Identifier: MIT */
/* The threads: their registers, and what is on their stacks. */
#ifndef LIBCRASHHOOK_STACKS_H
#define LIBCRASHHOOK_STACKS_H

#include <stdint.h>

struct capture;

/* Async-signal-safe, all of it. */
void stacks_write_crashed(struct capture *capture);
void stacks_write_others(struct capture *capture);
/* sp, or where the stack begins that it has run out of. */
uint64_t stacks_readable_sp(struct capture *capture, uint64_t sp);

#endif
