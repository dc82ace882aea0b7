/* SPDX-License-Identifier: MIT */
/* The tail calls between a frame and its caller on a stack. */
#ifndef SYMBOLIZER_JUMPS_H
#define SYMBOLIZER_JUMPS_H

#include "symbolizer/tailcalls.h"
#include "symbolizer/unwind.h"
#include "symbolizer/walk.h"

/* Those from the caller of stack->frames[index] to its function, which begins at entry (of the
 * process) in snapshot.modules[module]; none where the caller is not known for sure. */
void jumps_find(struct walk *walk, const struct unwound_stack *stack, size_t index, int module,
                uint64_t entry, struct tailcalls *ret);

#endif
