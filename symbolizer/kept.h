/* SPDX-License-Identifier: MIT */
/* Registers that a called function might have changed, but has not. */
#ifndef SYMBOLIZER_KEPT_H
#define SYMBOLIZER_KEPT_H

#include "symbolizer/unwind.h"

/* Adds to the registers of each frame those that its callees have left as they were, by their
 * instructions. For frames that were found by call frame information only. */
void kept_registers(struct walk *walk, struct unwound_stack *stack);

#endif
