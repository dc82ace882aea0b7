/* SPDX-License-Identifier: MIT */
/* A stack's repeating parts. */
#ifndef REPORT_RECURSION_H
#define REPORT_RECURSION_H

#include <stddef.h>

#include "symbolizer/frame.h"

enum { RECURSION_STARTS = 64 }; /* so far apart from the newest frame may one begin */

struct recursion {
    size_t first;  /* index of the first frame of the first cycle */
    size_t period; /* frames of one cycle; 0: there is no recursion */
    size_t times;  /* whole cycles, those beyond a gap in the stack included */
    size_t end;    /* index behind the last of them */
    bool gap;      /* frames of it were not captured or left out */
};

/* The longest run of equal cycles (by function) that begins among the newest frames, at least 3
 * times. */
struct recursion recursion_find(const struct stack *stack);
/* The same among the frames from index on. */
struct recursion recursion_find_from(const struct stack *stack, size_t index);

#endif
