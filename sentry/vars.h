/* SPDX-License-Identifier: MIT */
/* A frame's vars: what its variables hold, or that it is a guess. */
#ifndef SENTRY_VARS_H
#define SENTRY_VARS_H

#include <jansson.h>

#include "symbolizer/frame.h"

/* A new reference; NULL if there is nothing to say. */
json_t *vars_render(const struct frame *frame, bool variables);

#endif
