/* SPDX-License-Identifier: MIT */
/* Dies as crasher does, with no frame of libc on its stack: a report of it needs no debug file of
 * the system's, which may be compressed. */
#include <sys/mman.h>

#include "clock.h"

void _start(void);

static __attribute__((noinline)) void fault(volatile long long *when, volatile int *nowhere) {
    *when = clock_now();
    *nowhere = 1;
}

void _start(void) {
    volatile long long *when =
        mmap(NULL, sizeof *when, PROT_READ | PROT_WRITE, MAP_SHARED, CLOCK_FD, 0);
    fault(when, NULL);
    __asm__ volatile("");
}
