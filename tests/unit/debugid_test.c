/* SPDX-License-Identifier: MIT */
/* Golden values of SENTRY.md 2.5. */
#include "tests/unit/unit.h"

#include <stdio.h>

#include "report/debugid.h"

static void golden(void **state) {
    static const char *const values[][2] = {
        {"1c304742f114215453a8a777f6cdb3a2b8505e11", "4247301c-14f1-5421-53a8-a777f6cdb3a2"},
        {"b4c24a6cc995c17fb18a65184a65863cfc01c673", "6c4ac2b4-95c9-7fc1-b18a-65184a65863c"},
        {"f1c3bcc0279865fe3058404b2831d9e64135386c", "c0bcc3f1-9827-fe65-3058-404b2831d9e6"},
        {"0102", "00000201-0000-0000-0000-000000000000"},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        uint8_t id[20];
        char text[DEBUG_ID_SIZE];
        size_t n = strlen(values[i][0]) / 2;
        for (size_t j = 0; j < n; j++) {
            unsigned byte;
            assert_int_equal(sscanf(values[i][0] + 2 * j, "%2x", &byte), 1);
            id[j] = (uint8_t)byte;
        }
        debug_id(id, n, text);
        assert_string_equal(text, values[i][1]);
    }
}

RUN_TESTS("debugid", cmocka_unit_test(golden))
