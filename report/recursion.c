/* SPDX-License-Identifier: MIT */
#include "report/recursion.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

enum { PERIOD_MAX = 64, TIMES_MIN = 3 };

/* A number that stands for a frame's function. */
static uint64_t identify(const struct frame *frame) {
    uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ (uint64_t)frame->module;
    /* Those of one template are several, which its name alone does not tell. */
    const char *name = frame->raw_function ? frame->raw_function : frame->function;
    if (!name)
        return frame->pc;
    for (const char *p = name; *p; p++)
        hash = (hash ^ (uint8_t)*p) * UINT64_C(0x100000001b3);
    return hash;
}

static bool breaks_before(const struct stack *stack, size_t index) {
    return stack->frames[index].after_gap || (stack->skipped && index == stack->skipped_before);
}

/* Frames from at on that go on as the cycle does when its phase-th frame is the first of them. */
static size_t go_on(const struct stack *stack, const uint64_t *ids, const struct recursion *cycle,
                    size_t at, size_t phase) {
    size_t n = 0;
    while (at + n < stack->n_frames &&
           ids[at + n] == ids[cycle->first + (phase + n) % cycle->period])
        n++;
    return n;
}

/* What is beyond a gap begins with any frame of the cycle. */
static void extend(const struct stack *stack, const uint64_t *ids, struct recursion *cycle) {
    while (cycle->period > 0) {
        size_t at = cycle->end, best = 0;
        while (at < stack->n_frames && at < cycle->end + cycle->period && !breaks_before(stack, at))
            at++;
        if (at >= stack->n_frames || !breaks_before(stack, at))
            return;
        for (size_t phase = 0; phase < cycle->period; phase++) {
            size_t n = go_on(stack, ids, cycle, at, phase);
            best = n > best ? n : best;
        }
        if (best < cycle->period)
            return;
        cycle->times += best / cycle->period;
        cycle->end = at + best / cycle->period * cycle->period;
        cycle->gap = true;
    }
}

static struct recursion find(const struct stack *stack, const uint64_t *ids, size_t from) {
    struct recursion best = {0};
    size_t covered = 0;
    for (size_t first = from; first < from + RECURSION_STARTS && first + covered < stack->n_frames;
         first++)
        for (size_t period = 1; period <= PERIOD_MAX; period++) {
            size_t length = 0;
            while (first + period + length < stack->n_frames &&
                   ids[first + length] == ids[first + period + length])
                length++;
            size_t times = length / period + 1;
            /* A shorter period or an earlier start wins when it covers as much. */
            if (times >= TIMES_MIN && times * period > covered + period) {
                best = (struct recursion){first, period, times, first + times * period, false};
                covered = times * period;
            }
        }
    for (size_t i = best.first + 1; i < best.end; i++)
        best.gap |= breaks_before(stack, i);
    if (best.period)
        extend(stack, ids, &best);
    return best;
}

struct recursion recursion_find_from(const struct stack *stack, size_t index) {
    BASE_CLEANUP(free)
    uint64_t *ids = calloc(stack->n_frames + 1, sizeof *ids);
    if (!ids)
        return (struct recursion){0};
    for (size_t i = index; i < stack->n_frames; i++)
        ids[i] = identify(&stack->frames[i]);
    return find(stack, ids, index);
}

struct recursion recursion_find(const struct stack *stack) {
    return recursion_find_from(stack, 0);
}
