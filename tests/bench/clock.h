/* SPDX-License-Identifier: MIT */
/* Where a process that dies leaves the time of its fault for the one that reaps it. */
#ifndef TESTS_BENCH_CLOCK_H
#define TESTS_BENCH_CLOCK_H

#include <time.h>

enum { CLOCK_FD = 3 };

static inline long long clock_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

#endif
