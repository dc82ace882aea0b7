/* SPDX-License-Identifier: MIT */
/* Rate limits are a server's words: status (2 bytes), X-Sentry-Rate-Limits, newline, Retry-After.
 */
#include "tests/fuzz/fuzz.h"

#include <stdbool.h>

#include "sentry/ratelimit.h"

static const uint64_t NOW = UINT64_C(1000000000000);
static const uint64_t DAY = UINT64_C(24) * 3600 * 1000000000;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 2)
        return 0;
    int status = data[0] << 8 | data[1];
    char *limits = fuzz_text(data + 2, size - 2);
    char *retry_after = strchr(limits, '\n');
    if (retry_after)
        *retry_after++ = '\0';

    struct ratelimit limit = {0};
    uint64_t before[RATELIMIT_CATEGORIES];
    for (unsigned round = 0; round < 2; round++) {
        memcpy(before, limit.until, sizeof before);
        ratelimit_update(&limit, status, *limits ? limits : NULL, retry_after, NOW + round);
        for (unsigned i = 0; i < RATELIMIT_CATEGORIES; i++) {
            uint64_t until = ratelimit_until(&limit, (enum ratelimit_category)i, NOW + round);
            FUZZ_REQUIRE(limit.until[i] >= before[i]);
            /* A server must not silence us for ever. */
            FUZZ_REQUIRE(until == 0 || (until > NOW && until <= NOW + round + DAY));
        }
    }
    free(limits);
    return 0;
}
