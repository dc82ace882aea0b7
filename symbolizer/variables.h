/* SPDX-License-Identifier: MIT */
/* Arguments and local variables of frames. */
#ifndef SYMBOLIZER_VARIABLES_H
#define SYMBOLIZER_VARIABLES_H

#include "symbolizer/frame.h"
#include "symbolizer/tailcalls.h"
#include "symbolizer/unwind.h"
#include "symbolizer/walk.h"

/* Those of the frames that stand for stack->frames[index], innermost inlined one first, where the
 * walk's policy wants them. 0 or -ENOMEM. */
int variables_read(struct walk *walk, const struct unwound_stack *stack, size_t index,
                   struct frame *frames, size_t n);
/* Those of a frame that stands for jumps->pc[jump], between stack->frames[index] and its caller. */
int variables_of_jump(struct walk *walk, const struct unwound_stack *stack, size_t index,
                      const struct tailcalls *jumps, size_t jump, struct frame *frame);

#endif
