/* SPDX-License-Identifier: MIT */
/* Times in nanoseconds. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

enum { CLOCK_RFC3339_SIZE = 32 };

uint64_t clock_realtime(void);
uint64_t clock_monotonic(void);

/* "2026-11-22T14:30:12.482913Z" of a CLOCK_REALTIME time. */
void clock_rfc3339(uint64_t time, char text[CLOCK_RFC3339_SIZE]);

#endif
