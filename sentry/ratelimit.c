/* SPDX-License-Identifier: MIT */
#include "sentry/ratelimit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static const uint64_t SECOND = 1000000000u;
static const double SECONDS_DEFAULT = 60, SECONDS_MAX = 24 * 3600;

static double parse_seconds(const char *text) {
    char *end;
    double seconds = strtod(text, &end);
    if (end == text || !isfinite(seconds) || seconds < 0)
        return SECONDS_DEFAULT;
    return seconds > SECONDS_MAX ? SECONDS_MAX : seconds;
}

static void extend(struct ratelimit *limit, enum ratelimit_category category, uint64_t until) {
    if (until > limit->until[category])
        limit->until[category] = until;
}

static int category_of(const char *name, size_t length) {
    static const char *const names[] = {
        [RATELIMIT_ERROR] = "error",
        [RATELIMIT_ATTACHMENT] = "attachment",
        [RATELIMIT_SESSION] = "session",
    };
    for (int i = RATELIMIT_ERROR; i < RATELIMIT_CATEGORIES; i++)
        if (strlen(names[i]) == length && memcmp(names[i], name, length) == 0)
            return i;
    return -1;
}

/* One limit: retry_after ":" [ category *( ";" category ) ] ":" ... up to end. */
static void apply_limit(struct ratelimit *limit, const char *text, const char *end, uint64_t now) {
    const char *colon = memchr(text, ':', (size_t)(end - text));
    uint64_t until = now + (uint64_t)(parse_seconds(text) * (double)SECOND);
    if (!colon)
        return;
    const char *p = colon + 1;
    const char *categories_end = memchr(p, ':', (size_t)(end - p));
    if (!categories_end)
        categories_end = end;
    if (p == categories_end)
        extend(limit, RATELIMIT_ALL, until);
    while (p < categories_end) {
        const char *semicolon = memchr(p, ';', (size_t)(categories_end - p));
        const char *stop = semicolon ? semicolon : categories_end;
        int category = category_of(p, (size_t)(stop - p));
        if (category >= 0)
            extend(limit, (enum ratelimit_category)category, until);
        p = semicolon ? semicolon + 1 : stop;
    }
}

void ratelimit_update(struct ratelimit *limit, int http_status, const char *limits,
                      const char *retry_after, uint64_t now) {
    if (!text_empty(limits)) {
        const char *p = limits;
        while (*p) {
            const char *comma = strchrnul(p, ',');
            p += strspn(p, " \t");
            if (p < comma)
                apply_limit(limit, p, comma, now);
            p = *comma ? comma + 1 : comma;
        }
        return;
    }
    if (http_status != 429)
        return;
    double seconds = text_empty(retry_after) ? SECONDS_DEFAULT : parse_seconds(retry_after);
    extend(limit, RATELIMIT_ALL, now + (uint64_t)(seconds * (double)SECOND));
}

uint64_t ratelimit_until(const struct ratelimit *limit, enum ratelimit_category category,
                         uint64_t now) {
    uint64_t until = limit->until[category];
    if (limit->until[RATELIMIT_ALL] > until)
        until = limit->until[RATELIMIT_ALL];
    return until > now ? until : 0;
}
