/* SPDX-License-Identifier: MIT */
/* Rate limits of one DSN (SENTRY.md 1.6). Times are CLOCK_MONOTONIC or any other clock of the
 * caller, in nanoseconds. */
#ifndef SENTRY_RATELIMIT_H
#define SENTRY_RATELIMIT_H

#include <stdbool.h>
#include <stdint.h>

enum ratelimit_category {
    RATELIMIT_ALL,
    RATELIMIT_ERROR,
    RATELIMIT_ATTACHMENT,
    RATELIMIT_SESSION,
    RATELIMIT_CATEGORIES,
};

struct ratelimit {
    uint64_t until[RATELIMIT_CATEGORIES];
};

/* After any answer. limits: X-Sentry-Rate-Limits, retry_after: Retry-After; NULL if absent. */
void ratelimit_update(struct ratelimit *limit, int http_status, const char *limits,
                      const char *retry_after, uint64_t now);
/* When category may be sent again; 0 if now. */
uint64_t ratelimit_until(const struct ratelimit *limit, enum ratelimit_category category,
                         uint64_t now);

#endif
