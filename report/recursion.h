/* SPDX-License-Identifier: MIT */
/* A stack's repeating part. */
#ifndef REPORT_RECURSION_H
#define REPORT_RECURSION_H

#include <stddef.h>

#include "symbolizer/frame.h"

struct recursion {
    size_t first;  /* index of the first frame of the first cycle */
    size_t period; /* frames of one cycle; 0: there is no recursion */
    size_t times;  /* whole cycles, one after the other */
};

/* The longest run of equal cycles (by function) among the newest frames, at least 3 times. */
struct recursion recursion_find(const struct stack *stack);

#endif
