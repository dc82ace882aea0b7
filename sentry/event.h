/* SPDX-License-Identifier: MIT */
/* A crash report as a Sentry event (SENTRY.md 2). */
#ifndef SENTRY_EVENT_H
#define SENTRY_EVENT_H

#include <stdbool.h>
#include <stddef.h>

#include "report/report.h"

enum { EVENT_SIZE_MAX = 900 * 1024 };

enum event_server {
    EVENT_SERVER_AUTO,
    EVENT_SERVER_SENTRY,
    EVENT_SERVER_BUGSINK,
    EVENT_SERVER_GLITCHTIP
};

/* SENTRY.md 2.6: what a server that has debug files does to our frames. */
enum event_symbolication {
    EVENT_SYMBOLICATION_AUTO,   /* physical frames carry an address: the server may improve them */
    EVENT_SYMBOLICATION_CLIENT, /* resolved frames carry none: the server leaves them alone */
    EVENT_SYMBOLICATION_SERVER, /* physical frames only: the server adds the inlined ones */
};

struct event_options {
    enum event_server server; /* AUTO: a fingerprint is sent, nothing that strict servers reject */
    enum event_symbolication symbolication;
};

/* -1 for an unknown name. "events-only" is a property of the envelope and parses as AUTO. */
int event_server_parse(const char *name);
int event_symbolication_parse(const char *name);

/* Compact JSON, at most EVENT_SIZE_MAX bytes: beyond it parts are left out in DESIGN 6's order,
 * and the event says so. malloc'ed. 0 or -ENOMEM. */
int event_render(const struct crash_report *report, const struct event_options *options,
                 char **json, size_t *size);

#endif
