/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <stdio.h>

#include "crashd/fold.h"

static const uint64_t SECOND = 1000000000;
static const char CHILD[] = "0123456789abcdef0123456789abcdef";
static const char COPY[] = "1123456789abcdef0123456789abcdef";

static struct fold_death death(const char *id, int64_t pid, int64_t parent, uint64_t time,
                               bool may_be_copy) {
    struct fold_death result = {.uid = 1000,
                                .pid = pid,
                                .parent = parent,
                                .signal = 11,
                                .time = time,
                                .may_be_copy = may_be_copy};
    snprintf(result.origin, sizeof result.origin, "%s", id);
    return result;
}

static int set_up(void **state) {
    static struct fold fold;
    struct fold_death child = death(CHILD, 20, 10, 100 * SECOND, false);
    fold.n = 0;
    fold_remember(&fold, &child);
    *state = &fold;
    return 0;
}

static void copy_of_a_child(void **state) {
    struct fold_death copy = death(COPY, 10, 1, 100 * SECOND + 1, true);
    assert_string_equal(fold_origin(*state, &copy), CHILD);
}

static void captured_before_its_child(void **state) {
    struct fold_death copy = death(COPY, 10, 1, 100 * SECOND - 1, true);
    assert_string_equal(fold_origin(*state, &copy), CHILD);
}

static void copy_of_a_copy(void **state) {
    struct fold_death copy = death(CHILD, 10, 5, 100 * SECOND + 1, true);
    fold_remember(*state, &copy);
    struct fold_death next = death(COPY, 5, 1, 100 * SECOND + 2, true);
    assert_string_equal(fold_origin(*state, &next), CHILD);
}

/* An abort() of a program that changed its user, or a death that only looks like its child's. */
static void no_sign_of_a_copy(void **state) {
    struct fold_death own = death(COPY, 10, 1, 100 * SECOND + 1, false);
    assert_null(fold_origin(*state, &own));
}

static void other_parent(void **state) {
    struct fold_death own = death(COPY, 11, 1, 100 * SECOND + 1, true);
    assert_null(fold_origin(*state, &own));
}

static void other_signal(void **state) {
    struct fold_death own = death(COPY, 10, 1, 100 * SECOND + 1, true);
    own.signal = 6;
    assert_null(fold_origin(*state, &own));
}

static void other_user(void **state) {
    struct fold_death own = death(COPY, 10, 1, 100 * SECOND + 1, true);
    own.uid = 1001;
    assert_null(fold_origin(*state, &own));
}

static void too_late(void **state) {
    struct fold_death own = death(COPY, 10, 1, 105 * SECOND + 1, true);
    assert_null(fold_origin(*state, &own));
    own.time = 105 * SECOND;
    assert_non_null(fold_origin(*state, &own));
}

/* Two processes that nobody could identify are not parent and child for that. */
static void unknown_process(void **state) {
    struct fold_death child = death(CHILD, 0, 0, 100 * SECOND, false);
    fold_remember(*state, &child);
    struct fold_death own = death(COPY, 0, 0, 100 * SECOND + 1, true);
    assert_null(fold_origin(*state, &own));
}

static void forgotten(void **state) {
    struct fold_death copy = death(COPY, 10, 1, 100 * SECOND + 1, true);
    struct fold_death other = death(COPY, 30, 31, 100 * SECOND, false);
    for (int i = 0; i < FOLD_KEPT - 1; i++)
        fold_remember(*state, &other);
    assert_non_null(fold_origin(*state, &copy));
    fold_remember(*state, &other);
    assert_null(fold_origin(*state, &copy));
}

static void read_from_facts(void **state) {
    struct fold_death read;
    json_t *facts = json_pack("{si sI s{si si si sb}}", "uid", 1000, "time", (json_int_t)123,
                              "death", "pid", 7, "parent", 6, "signal", 11, "may_be_copy", 1);
    fold_read(facts, COPY, &read);
    json_decref(facts);
    assert_string_equal(read.origin, COPY);
    assert_int_equal(read.uid, 1000);
    assert_int_equal(read.time, 123);
    assert_int_equal(read.pid, 7);
    assert_int_equal(read.parent, 6);
    assert_int_equal(read.signal, 11);
    assert_true(read.may_be_copy);
    fold_read(NULL, COPY, &read);
    assert_false(read.may_be_copy);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(copy_of_a_child, set_up),
        cmocka_unit_test_setup(captured_before_its_child, set_up),
        cmocka_unit_test_setup(copy_of_a_copy, set_up),
        cmocka_unit_test_setup(no_sign_of_a_copy, set_up),
        cmocka_unit_test_setup(other_parent, set_up),
        cmocka_unit_test_setup(other_signal, set_up),
        cmocka_unit_test_setup(other_user, set_up),
        cmocka_unit_test_setup(too_late, set_up),
        cmocka_unit_test_setup(unknown_process, set_up),
        cmocka_unit_test_setup(forgotten, set_up),
        cmocka_unit_test(read_from_facts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
