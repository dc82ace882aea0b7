/* SPDX-License-Identifier: MIT */
/* A thread's stack as Sentry's stacktrace (SENTRY.md 2.3, 2.6). */
#ifndef SENTRY_STACKTRACE_H
#define SENTRY_STACKTRACE_H

#include <jansson.h>

#include "sentry/event.h"

/* Sentry keeps the newest 250 frames; SENTRY.md 1.4 advises this cut. */
enum { STACKTRACE_NEWEST = 200, STACKTRACE_OLDEST = 50 };
/* Beyond so many Sentry takes the variables out again. */
enum { STACKTRACE_WITH_VARIABLES = 50 };

struct stacktrace_options {
    const struct event_options *event;
    bool source, variables;
    size_t max_frames; /* newest ones that are kept; 0: the limits above */
};

/* A new reference; NULL if the thread has no frames (an empty list is refused by Sentry) or no
 * memory. *left_out counts frames that are not in it. */
json_t *stacktrace_render(const struct crash_report *report, const struct report_thread *thread,
                          const struct stacktrace_options *options, size_t *left_out);

/* Absolute path of a module as package and code_file have it. */
const char *stacktrace_package(const struct report_module *module);

#endif
