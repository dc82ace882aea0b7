/* SPDX-License-Identifier: MIT */
#include "crashd/destination.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "crashd/ipc.h"
#include "sentry/dsn.h"

static const uint64_t SECOND = 1000000000;
static const uint64_t BACKOFF_MAX = 900 * UINT64_C(1000000000);
static const uint64_t PAUSE = 3600 * UINT64_C(1000000000);
/* No server says more, and a clock that was set must not silence us for longer. */
static const uint64_t WAIT_MAX = 86400 * UINT64_C(1000000000);

enum { WIDTH = 4 };

struct destination *destination_new(const char *text) {
    struct dsn dsn;
    struct destination *destination = calloc(1, sizeof *destination);
    if (!destination || dsn_parse(text, &dsn, NULL) < 0) {
        free(destination);
        return NULL;
    }
    destination->dsn = strdup(text);
    destination->display = dsn_display(&dsn);
    destination->url = dsn_envelope_url(&dsn);
    destination->auth = dsn_auth_header(&dsn);
    dsn_clear(&dsn);
    if (!destination->dsn || !destination->display || !destination->url || !destination->auth)
        return destination_free(destination);
    return destination;
}

struct destination *destination_free(struct destination *destination) {
    if (!destination)
        return NULL;
    free(destination->dsn);
    free(destination->display);
    free(destination->url);
    free(destination->auth);
    free(destination);
    return NULL;
}

/* 1 s doubling to 15 min, of which a random half is left out, so that machines that lost a server
 * together do not come back together. */
static uint64_t backoff(unsigned failures) {
    uint32_t random = 0;
    unsigned doublings = failures > 10 ? 10 : failures - 1;
    uint64_t delay = SECOND << doublings;
    if (delay > BACKOFF_MAX)
        delay = BACKOFF_MAX;
    if (getrandom(&random, sizeof random, 0) != sizeof random)
        random = 0;
    return delay - delay / 2 * (random >> 16) / 65536;
}

enum verdict destination_judge(struct destination *destination, const struct answer *answer,
                               uint64_t now, bool *pause_began) {
    int status = answer->status;
    *pause_began = false;
    destination->proven = status >= 200 && status < 300;
    if (status > 0)
        ratelimit_update(&destination->limit, status, answer->limits, answer->retry_after, now);
    if (status >= 200 && status < 300) {
        destination->failures = 0;
        destination->next_try = 0;
        destination->pause_until = 0;
        return VERDICT_SENT;
    }
    /* A server that answers is there, however much it dislikes this event. */
    if (status == 400 || status == 413 ||
        (status > 400 && status < 500 && status != 401 && status != 403 && status != 404 &&
         status != 407 && status != 408 && status != 429)) {
        destination->failures = 0;
        destination->report.errors[CLIENTREPORT_SEND_ERROR]++;
        return VERDICT_END;
    }
    if (status == 429) {
        destination->failures = 0;
        return VERDICT_KEEP;
    }
    if (status >= 300 && status < 500 && status != 408) {
        *pause_began = destination->pause_until <= now;
        destination->pause_until = now + PAUSE;
        return VERDICT_KEEP;
    }
    destination->failures++;
    destination->next_try = now + backoff(destination->failures);
    return VERDICT_KEEP;
}

uint64_t destination_due(const struct destination *destination, uint64_t now) {
    uint64_t due = ratelimit_until(&destination->limit, RATELIMIT_ERROR, now);
    if (destination->next_try > due)
        due = destination->next_try;
    if (destination->pause_until > due)
        due = destination->pause_until;
    return due > now ? due : 0;
}

void destination_hurry(struct destination *destination, uint64_t now) {
    if (now - destination->last_try > SECOND)
        destination->next_try = 0;
}

unsigned destination_width(const struct destination *destination) {
    return destination->proven ? WIDTH : 1;
}

json_t *destination_state(const struct destination *destination) {
    json_t *limits = json_array(), *counts = json_array();
    for (int i = 0; i < RATELIMIT_CATEGORIES; i++)
        json_array_append_new(limits, json_integer((json_int_t)destination->limit.until[i]));
    for (int i = 0; i < CLIENTREPORT_REASONS; i++)
        json_array_append_new(counts, json_integer((json_int_t)destination->report.errors[i]));
    return json_pack("{so so sI sI sI}", "limits", limits, "discarded", counts, "pause_until",
                     (json_int_t)destination->pause_until, "next_try",
                     (json_int_t)destination->next_try, "failures",
                     (json_int_t)destination->failures);
}

static uint64_t time_of(const json_t *value, uint64_t now) {
    uint64_t time = (uint64_t)json_integer_value(value);
    return time > now + WAIT_MAX ? now : time;
}

void destination_restore(struct destination *destination, const json_t *state, uint64_t now) {
    const json_t *limits = json_object_get(state, "limits"),
                 *counts = json_object_get(state, "discarded");
    for (size_t i = 0; i < RATELIMIT_CATEGORIES; i++)
        destination->limit.until[i] = time_of(json_array_get(limits, i), now);
    for (size_t i = 0; i < CLIENTREPORT_REASONS; i++)
        destination->report.errors[i] = (uint64_t)json_integer_value(json_array_get(counts, i));
    destination->pause_until = time_of(json_object_get(state, "pause_until"), now);
    destination->next_try = time_of(json_object_get(state, "next_try"), now);
    destination->failures = (unsigned)ipc_number(state, "failures");
}
