/* SPDX-License-Identifier: MIT */
/* A server that events go to, and when it may be tried again. Times are CLOCK_REALTIME, since they
 * outlive the process. */
#ifndef CRASHD_DESTINATION_H
#define CRASHD_DESTINATION_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "sentry/clientreport.h"
#include "sentry/ratelimit.h"

struct destination {
    struct destination *next;
    char *dsn, *display, *url, *auth;
    struct ratelimit limit;
    uint64_t pause_until; /* it refused us: wrong key, no such project */
    uint64_t next_try, last_try;
    unsigned failures; /* in a row */
    bool proven;       /* it took the last event */
    unsigned in_flight;
    struct clientreport report; /* not yet told to the server */
};

/* What an answer means for the event that was sent. */
enum verdict { VERDICT_SENT, VERDICT_KEEP, VERDICT_END };

/* What came back. */
struct answer {
    int status;                       /* 0: no answer */
    const char *limits, *retry_after; /* headers, NULL if absent */
};

/* NULL if dsn is none or no memory. */
struct destination *destination_new(const char *dsn);
struct destination *destination_free(struct destination *destination);

/* Takes the answer into account; *pause_began is set when it says that our settings are wrong. */
enum verdict destination_judge(struct destination *destination, const struct answer *answer,
                               uint64_t now, bool *pause_began);
/* When it may be tried; 0 for at once. */
uint64_t destination_due(const struct destination *destination, uint64_t now);
/* A new event or a user asks for a try before its time. */
void destination_hurry(struct destination *destination, uint64_t now);
/* How many uploads at once: one until it has proved to be there. */
unsigned destination_width(const struct destination *destination);

/* What has to survive this process. */
json_t *destination_state(const struct destination *destination);
void destination_restore(struct destination *destination, const json_t *state, uint64_t now);

#endif
