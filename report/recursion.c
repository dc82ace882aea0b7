/* SPDX-License-Identifier: MIT */
#include "report/recursion.h"

#include <stdbool.h>
#include <string.h>

enum { PERIOD_MAX = 32, START_MAX = 64, TIMES_MIN = 3 };

static bool same_function(const struct frame *a, const struct frame *b) {
    if (a->function && b->function)
        return strcmp(a->function, b->function) == 0 && a->module == b->module;
    return !a->function && !b->function && a->pc == b->pc;
}

struct recursion recursion_find(const struct stack *stack) {
    struct recursion best = {0};
    size_t covered = 0;
    for (size_t first = 0; first < START_MAX && first < stack->n_frames; first++)
        for (size_t period = 1; period <= PERIOD_MAX; period++) {
            size_t length = 0;
            while (first + period + length < stack->n_frames &&
                   same_function(&stack->frames[first + length],
                                 &stack->frames[first + period + length]))
                length++;
            size_t times = length / period + 1;
            /* A shorter period or an earlier start wins when it covers as much. */
            if (times >= TIMES_MIN && times * period > covered + period) {
                best = (struct recursion){first, period, times};
                covered = times * period;
            }
        }
    return best;
}
