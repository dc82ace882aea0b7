/* SPDX-License-Identifier: MIT */
/* SENTRY.md 1.6 */
#include "tests/unit/unit.h"

#include "sentry/ratelimit.h"

static const uint64_t NOW = UINT64_C(1000000000000), SECOND = 1000000000;

static double seconds(const struct ratelimit *limit, enum ratelimit_category category) {
    uint64_t until = ratelimit_until(limit, category, NOW);
    return until ? (double)(until - NOW) / 1e9 : 0;
}

static void grammar(void **state) {
    static const struct {
        int status;
        const char *limits, *retry_after;
        double error, session;
    } cases[] = {
        {200, NULL, NULL, 0, 0},
        {200, NULL, "60", 0, 0},
        {429, NULL, NULL, 60, 60},
        {429, NULL, "7", 7, 7},
        {429, NULL, "2.5", 2.5, 2.5},
        {429, NULL, "Wed, 21 Oct 2026 07:28:00 GMT", 60, 60},
        {429, NULL, "-4", 60, 60},
        {200, "60::organization", NULL, 60, 60},
        {200, "60:error:organization", NULL, 60, 0},
        {429, "60:error:organization", "9", 60, 0},
        {200, "60:error;session:key, 120:session:project:quota", NULL, 60, 120},
        {200, "60:error:org,30::org", NULL, 60, 30},
        {200, "10:transaction;profile:org", NULL, 0, 0},
        {200, "10:unknown;error:org", NULL, 10, 0},
        {200, "1.5:error:org:reason:ns", NULL, 1.5, 0},
        {200, "x:error:org", NULL, 60, 0},
        {200, "99999999:error:org", NULL, 86400, 0},
        {200, "", NULL, 0, 0},
        {200, ",,", NULL, 0, 0},
        {200, "60", NULL, 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ratelimit limit = {0};
        ratelimit_update(&limit, cases[i].status, cases[i].limits, cases[i].retry_after, NOW);
        if (seconds(&limit, RATELIMIT_ERROR) != cases[i].error ||
            seconds(&limit, RATELIMIT_SESSION) != cases[i].session)
            fail_msg("case %zu: error %g, session %g", i, seconds(&limit, RATELIMIT_ERROR),
                     seconds(&limit, RATELIMIT_SESSION));
    }
}

static void the_longer_one_stays(void **state) {
    struct ratelimit limit = {0};
    ratelimit_update(&limit, 200, "60:error:org", NULL, NOW);
    ratelimit_update(&limit, 200, "5:error:org", NULL, NOW);
    assert_true(seconds(&limit, RATELIMIT_ERROR) == 60);
    assert_int_equal(ratelimit_until(&limit, RATELIMIT_ERROR, NOW + 60 * SECOND), 0);
}

RUN_TESTS("ratelimit", cmocka_unit_test(grammar), cmocka_unit_test(the_longer_one_stays))
