/* SPDX-License-Identifier: MIT */
/* Counts of events that were discarded (SENTRY.md 1.5, 3). */
#ifndef SENTRY_CLIENTREPORT_H
#define SENTRY_CLIENTREPORT_H

#include <stddef.h>
#include <stdint.h>

enum clientreport_reason {
    CLIENTREPORT_RATELIMIT_BACKOFF,
    CLIENTREPORT_CACHE_OVERFLOW,
    CLIENTREPORT_NETWORK_ERROR,
    CLIENTREPORT_SEND_ERROR,
    CLIENTREPORT_BEFORE_SEND,
    CLIENTREPORT_SAMPLE_RATE,
    CLIENTREPORT_INTERNAL_SDK_ERROR,
    CLIENTREPORT_REASONS,
};

/* Discarded events of category "error". */
struct clientreport {
    uint64_t errors[CLIENTREPORT_REASONS];
};

/* The item's payload, malloc'ed; *json is NULL if there is nothing to report. 0 or -ENOMEM. */
int clientreport_render(const struct clientreport *report, uint64_t now, char **json, size_t *size);

#endif
