/* SPDX-License-Identifier: MIT */
/* A number that is equal for equal crashes, so that the daemon can count without looking. */
#ifndef LIBCRASHHOOK_STORM_H
#define LIBCRASHHOOK_STORM_H

#include <stdint.h>

struct capture;

/* Async-signal-safe. */
uint64_t storm_key(struct capture *capture);

#endif
