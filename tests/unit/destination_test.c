/* SPDX-License-Identifier: MIT */
/* What a server's answer means for an event and for those behind it. */
#include "unit.h"

#include "crashd/destination.h"

#define DSN "http://key@127.0.0.1:9/1"

static const uint64_t SECOND = 1000000000, NOW = UINT64_C(1795357812) * 1000000000;

static enum verdict judge(struct destination *destination, int status, uint64_t now) {
    bool pause_began;
    return destination_judge(destination, &(struct answer){.status = status}, now, &pause_began);
}

static void verdicts(void **state) {
    static const struct {
        int status;
        enum verdict verdict;
    } table[] = {
        {200, VERDICT_SENT}, {202, VERDICT_SENT}, {400, VERDICT_END},  {413, VERDICT_END},
        {415, VERDICT_END},  {0, VERDICT_KEEP},   {408, VERDICT_KEEP}, {429, VERDICT_KEEP},
        {500, VERDICT_KEEP}, {503, VERDICT_KEEP}, {401, VERDICT_KEEP}, {403, VERDICT_KEEP},
        {404, VERDICT_KEEP}, {407, VERDICT_KEEP}, {301, VERDICT_KEEP},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct destination *destination = destination_new(DSN);
        assert_int_equal(judge(destination, table[i].status, NOW), table[i].verdict);
        bool ends = table[i].verdict == VERDICT_END;
        assert_int_equal(destination->report.errors[CLIENTREPORT_SEND_ERROR], ends);
        assert_int_equal(destination_due(destination, NOW) == 0, table[i].verdict != VERDICT_KEEP);
        destination_free(destination);
    }
}

static void backoff_doubles_up_to_a_quarter_of_an_hour(void **state) {
    struct destination *destination = destination_new(DSN);
    for (unsigned i = 0; i < 40; i++) {
        judge(destination, 0, NOW);
        uint64_t wait = destination_due(destination, NOW) - NOW;
        uint64_t whole = i < 10 ? SECOND << i : 900 * SECOND;
        if (whole > 900 * SECOND)
            whole = 900 * SECOND;
        assert_in_range(wait, whole / 2, whole);
    }
    judge(destination, 200, NOW);
    assert_int_equal(destination_due(destination, NOW), 0);
    destination_free(destination);
}

static void a_refusal_pauses_for_an_hour_and_is_said_once(void **state) {
    bool pause_began;
    struct answer answer = {.status = 403};
    struct destination *destination = destination_new(DSN);
    destination_judge(destination, &answer, NOW, &pause_began);
    assert_true(pause_began);
    assert_int_equal(destination_due(destination, NOW), NOW + 3600 * SECOND);
    destination_judge(destination, &answer, NOW + 10, &pause_began);
    assert_false(pause_began);
    destination_hurry(destination, NOW + 100 * SECOND);
    assert_true(destination_due(destination, NOW + 100 * SECOND) > 0);
    destination_free(destination);
}

static void a_hurry_ends_a_backoff_but_no_limit(void **state) {
    struct destination *destination = destination_new(DSN);
    for (int i = 0; i < 8; i++)
        judge(destination, 0, NOW);
    destination->last_try = NOW;
    destination_hurry(destination, NOW + SECOND / 2);
    assert_true(destination_due(destination, NOW + SECOND / 2) > 0);
    destination_hurry(destination, NOW + 2 * SECOND);
    assert_int_equal(destination_due(destination, NOW + 2 * SECOND), 0);
    bool pause_began;
    destination_judge(destination, &(struct answer){.status = 429, .retry_after = "60"}, NOW,
                      &pause_began);
    destination_hurry(destination, NOW + 2 * SECOND);
    assert_int_equal(destination_due(destination, NOW + 2 * SECOND), NOW + 60 * SECOND);
    destination_free(destination);
}

static void one_upload_until_the_server_is_known_to_be_there(void **state) {
    struct destination *destination = destination_new(DSN);
    assert_int_equal(destination_width(destination), 1);
    destination->last_try = NOW;
    judge(destination, 200, NOW);
    assert_true(destination_width(destination) > 1);
    judge(destination, 500, NOW);
    assert_int_equal(destination_width(destination), 1);
    destination_free(destination);
}

static void its_state_outlives_the_process(void **state) {
    struct destination *before = destination_new(DSN), *after = destination_new(DSN);
    judge(before, 403, NOW);
    judge(before, 400, NOW);
    judge(before, 500, NOW);
    json_t *saved = destination_state(before);
    destination_restore(after, saved, NOW);
    assert_int_equal(after->pause_until, before->pause_until);
    assert_int_equal(after->next_try, before->next_try);
    assert_int_equal(after->failures, 1);
    assert_int_equal(after->report.errors[CLIENTREPORT_SEND_ERROR], 1);
    /* A clock that was set back must not silence us for years. */
    destination_restore(after, saved, NOW - 365 * 86400 * SECOND);
    assert_true(destination_due(after, NOW - 365 * 86400 * SECOND) < NOW);
    destination_restore(after, NULL, NOW);
    assert_int_equal(destination_due(after, NOW), 0);
    json_decref(saved);
    destination_free(before);
    destination_free(after);
}

static void no_dsn_no_destination(void **state) {
    assert_null(destination_new("ftp://key@host/1"));
    assert_null(destination_new(""));
}

RUN_TESTS("destination", cmocka_unit_test(verdicts),
          cmocka_unit_test(backoff_doubles_up_to_a_quarter_of_an_hour),
          cmocka_unit_test(a_refusal_pauses_for_an_hour_and_is_said_once),
          cmocka_unit_test(a_hurry_ends_a_backoff_but_no_limit),
          cmocka_unit_test(one_upload_until_the_server_is_known_to_be_there),
          cmocka_unit_test(its_state_outlives_the_process), cmocka_unit_test(no_dsn_no_destination))
