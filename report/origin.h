/* SPDX-License-Identifier: MIT */
/* Whose code a frame is: the application's, or that of libc, runtime and system libraries. */
#ifndef REPORT_ORIGIN_H
#define REPORT_ORIGIN_H

#include <stdbool.h>

#include "snapshot/snapshot.h"
#include "symbolizer/frame.h"

/* exe may be NULL. The program's own binary and libraries outside of /lib and /usr/lib. */
bool origin_module_in_app(const char *path, const char *exe);
/* A frame in such a module that is neither start-up, abort, unwinder nor standard library. */
bool origin_frame_in_app(const struct snapshot *snapshot, const struct frame *frame,
                         const char *exe);
/* Index of the newest frame that is not libc, unwinder or terminate, -1 if there is none. */
/* Is it the work of a function of a sanitizer's runtime, whatever its own name? */
bool origin_called_by_runtime(const struct stack *stack, size_t index);
int origin_culprit(const struct snapshot *snapshot, const struct stack *stack);

#endif
