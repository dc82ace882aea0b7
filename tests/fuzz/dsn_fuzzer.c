/* SPDX-License-Identifier: MIT */
/* A DSN comes from a victim's environment: any text. What is accepted must give whole headers. */
#include "tests/fuzz/fuzz.h"

#include <errno.h>

#include "sentry/dsn.h"

/* Keys and hosts go into a request: a line break in them would be a header of its own. */
static void check_line(char *line) {
    FUZZ_REQUIRE(line && *line);
    for (const char *p = line; *p; p++)
        FUZZ_REQUIRE((unsigned char)*p >= ' ' && *p != 0x7f);
    free(line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *text = fuzz_text(data, size);
    const char *problem = NULL;
    struct dsn dsn = {0};
    int r = dsn_parse(text, &dsn, &problem);
    if (r == 0) {
        FUZZ_REQUIRE(dsn.port > 0 && dsn.port <= 65535);
        FUZZ_REQUIRE(*dsn.public_key && *dsn.host && *dsn.project);
        check_line(dsn_envelope_url(&dsn));
        check_line(dsn_auth_header(&dsn));
        check_line(dsn_display(&dsn));
    } else {
        FUZZ_REQUIRE(r == -EINVAL && problem && *problem);
    }
    dsn_clear(&dsn);
    free(text);
    return 0;
}
