/* SPDX-License-Identifier: MIT */
/* event.contexts (SENTRY.md 2.9). */
#ifndef SENTRY_CONTEXTS_H
#define SENTRY_CONTEXTS_H

#include <jansson.h>

#include "report/report.h"

/* A new reference. */
json_t *contexts_render(const struct crash_report *report);

#endif
