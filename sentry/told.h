/* SPDX-License-Identifier: MIT */
/* What the program told about itself, in Sentry's words. */
#ifndef SENTRY_TOLD_H
#define SENTRY_TOLD_H

#include <jansson.h>

#include "report/report.h"

/* NULL, or empty, where there is nothing. */
json_t *told_render_breadcrumbs(const struct crash_report *report);
json_t *told_render_user(const struct crash_report *report);
/* Beside crashd's own: whose name is taken already gets another one. */
void told_add_contexts(const struct crash_report *report, json_t *contexts);

#endif
