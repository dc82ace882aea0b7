/* SPDX-License-Identifier: MIT */
/* Steps for where call frame information ends (FINDINGS F.1.5). */
#ifndef SYMBOLIZER_FALLBACK_H
#define SYMBOLIZER_FALLBACK_H

#include "symbolizer/unwind.h"

/* A call into nothing: the return address is at sp, if pc is no code. */
bool fallback_bad_pc(struct walk *walk, struct unwound *position);
/* What the frame pointer, or else the words above sp, say about the caller. */
bool fallback_step(struct walk *walk, struct unwound *position);
/* The walk ran to the end of the captured newest part: go on in the oldest part. */
bool fallback_bridge(struct walk *walk, struct unwound *position);
/* Call frame information gave caller: does nothing speak against it? If so, and the code of before
 * has an answer that fits, caller becomes that. */
void fallback_correct(struct walk *walk, const struct unwound *before, struct unwound *caller);
/* Is the position in a function that threads begin with? */
bool fallback_is_start(struct walk *walk, const struct unwound *position);

/* Does caller stand behind a call of the function that callee is in, as far as that can be told
 * from the instruction alone? */
enum fallback_call { CALLS_IT, CALLS_SOMETHING, CALLS_ANOTHER };
enum fallback_call fallback_call(struct walk *walk, const struct unwound *callee,
                                 const struct unwound *caller);

#endif
