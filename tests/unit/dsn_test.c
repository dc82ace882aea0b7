/* SPDX-License-Identifier: MIT */
/* SENTRY.md 1.1 */
#include "tests/unit/unit.h"

#include <errno.h>

#include "sentry/dsn.h"

static void check(const char *text, const char *url, const char *auth, const char *display) {
    struct dsn dsn;
    const char *problem = "";
    if (dsn_parse(text, &dsn, &problem) < 0)
        fail_msg("%s: %s", text, problem);
    char *got = dsn_envelope_url(&dsn);
    assert_string_equal(got, url);
    free(got);
    got = dsn_auth_header(&dsn);
    assert_string_equal(got, auth);
    free(got);
    got = dsn_display(&dsn);
    assert_string_equal(got, display);
    free(got);
    dsn_clear(&dsn);
}

#define AUTH(key)                                                                                  \
    "Sentry sentry_key=" key ", sentry_version=7, sentry_client=crashd.native/" CRASHD_VERSION

static void accepted(void **state) {
    check("https://abc@o1.ingest.sentry.io/42", "https://o1.ingest.sentry.io/api/42/envelope/",
          AUTH("abc"), "https://o1.ingest.sentry.io/42");
    check("http://spotlight@127.0.0.1:8969/1", "http://127.0.0.1:8969/api/1/envelope/",
          AUTH("spotlight"), "http://127.0.0.1:8969/1");
    check("https://k@h:443/1", "https://h/api/1/envelope/", AUTH("k"), "https://h/1");
    check("http://k@h:443/1", "http://h:443/api/1/envelope/", AUTH("k"), "http://h:443/1");
    check("https://k@h/a/b/77", "https://h/a/b/api/77/envelope/", AUTH("k"), "https://h/a/b/77");
    check("https://k@[::1]:9000/x/7", "https://[::1]:9000/x/api/7/envelope/", AUTH("k"),
          "https://[::1]:9000/x/7");
    check("https://k:s3cret@h/1", "https://h/api/1/envelope/", AUTH("k") ", sentry_secret=s3cret",
          "https://h/1");
}

static void refused(void **state) {
    static const char *const bad[][2] = {
        {"", "http"},
        {"abc@h/1", "http"},
        {"ftp://k@h/1", "scheme"},
        {"https://h/1", "'@'"},
        {"https://@h/1", "public key"},
        {"https://k@h", "project id"},
        {"https://k@h/", "project id"},
        {"https://k@h/a/", "project id"},
        {"https://k@/1", "host"},
        {"https://k@h:0/1", "port"},
        {"https://k@h:65536/1", "port"},
        {"https://k@h:12x/1", "port"},
        {"https://k@h:/1", "port"},
        {"https://k@[::1/1", "'['"},
        {"https://k\r\nX-Evil: 1@h/1", "key"},
        {"https://k@h\r\n/1", "host"},
        {"https://k@h/1\n", "project id"},
        {"https://k@h/a b/1", "path"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct dsn dsn;
        const char *problem = NULL;
        assert_int_equal(dsn_parse(bad[i][0], &dsn, &problem), -EINVAL);
        if (!problem || !strstr(problem, bad[i][1]))
            fail_msg("\"%s\": \"%s\" does not speak of \"%s\"", bad[i][0], problem, bad[i][1]);
    }
}

RUN_TESTS("dsn", cmocka_unit_test(accepted), cmocka_unit_test(refused))
