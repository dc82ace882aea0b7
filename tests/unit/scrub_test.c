/* SPDX-License-Identifier: MIT */
#include "tests/unit/unit.h"

#include "report/scrub.h"

static struct scrubber *scrubber;

static void check(const char *text, const char *expected) {
    char *got = scrub_text(scrubber, text);
    assert_string_equal(got, expected);
    free(got);
}

static int setup(void **state) {
    return scrubber_new(&scrubber);
}

static int teardown(void **state) {
    scrubber = scrubber_free(scrubber);
    return 0;
}

static void hides_secrets(void **state) {
    check("password=hunter2", "password=[Filtered]");
    check("DB_PASSWORD: \"hunter2\" next", "DB_PASSWORD: [Filtered] next");
    check("{\"api_key\": \"abc\", \"n\": 1}", "{\"api_key\": [Filtered], \"n\": 1}");
    check("curl --token s3cret -v", "curl --token [Filtered] -v");
    check("Authorization: Bearer abc.def.ghi", "Authorization: Bearer [Filtered]");
    check("got bearer abcdefgh12345678", "got bearer [Filtered]");
    check("connect to postgres://app:pw@db:5432/x failed",
          "connect to postgres://[Filtered]@db:5432/x failed");
    check("https://0123456789abcdef@o1.ingest.sentry.io/42",
          "https://[Filtered]@o1.ingest.sentry.io/42");
    check("key ghp_0123456789abcdefghij end", "key [Filtered] end");
    check("AKIAIOSFODNN7EXAMPLE", "[Filtered]");
    check("jwt eyJhbGciOiJI.eyJzdWIiOiIx.c2lnbmF0dXJl", "jwt [Filtered]");
    check("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\n", "[Filtered]\n");
    check("card 4111 1111 1111 1111 declined", "card [Filtered] declined");
    check("card 4111111111111111.", "card [Filtered].");
    check("a password=x and token=y", "a password=[Filtered] and token=[Filtered]");
}

static void leaves_the_rest(void **state) {
    static const char *const harmless[] = {
        "",
        "Null pointer dereference: read of address 0x18",
        "token == TOKEN_END",
        "secret::find(x)",
        "author=Bob",
        "PWD=/home/bob",
        "https://example.org/path?x=1",
        "4111111111111112",
        "0x4111111111111111",
        "pid 4107, 1795357812482913000 ns",
        "free(): invalid pointer",
    };
    for (size_t i = 0; i < sizeof harmless / sizeof *harmless; i++)
        check(harmless[i], harmless[i]);
}

static void values_of_variables(void **state) {
    static const char *const cases[][2] = {
        {"4111111111111111", "4111111111111111"},
        {"{when = 4111111111111111, text = \"a \\\"4111111111111111\\\"\"}",
         "{when = 4111111111111111, text = \"a \\\"[Filtered]\\\"\"}"},
        {"0x5581 \"postgres://a:b@c\"", "0x5581 \"postgres://[Filtered]@c\""},
        {"{[\"password\"] = \"x\", [\"b\"] = \"y\"}",
         "{[\"password\"] = [Filtered], [\"b\"] = \"y\"}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *out = scrub_value(scrubber, cases[i][0]);
        assert_string_equal(out, cases[i][1]);
        free(out);
    }
}

static void names(void **state) {
    assert_true(scrub_is_secret_name("DB_PASSWORD"));
    assert_true(scrub_is_secret_name("apiKey"));
    assert_true(scrub_is_secret_name("SENTRY_DSN"));
    assert_true(scrub_is_secret_name("MYSQL_PWD"));
    assert_false(scrub_is_secret_name("PWD"));
    assert_false(scrub_is_secret_name("AUTHOR"));
    assert_false(scrub_is_secret_name("PATH"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hides_secrets),
        cmocka_unit_test(leaves_the_rest),
        cmocka_unit_test(values_of_variables),
        cmocka_unit_test(names),
    };
    return cmocka_run_group_tests_name("scrub", tests, setup, teardown);
}
