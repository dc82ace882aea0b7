/* SPDX-License-Identifier: MIT */
/* Which debuginfod servers may be asked, and for what. */
#include "unit.h"

#include <stdio.h>

#include "crashd/symbolserver.h"

static const uint64_t MINUTE = 60 * UINT64_C(1000000000), HOUR = 3600 * UINT64_C(1000000000),
                      NOW = UINT64_C(1800000000) * 1000000000;

static void begin(struct symbolservers *servers, const char *urls) {
    *servers = (struct symbolservers){.cache = -1};
    assert_int_equal(symbolservers_set(servers, urls), 0);
}

static struct debugcache_key key(unsigned number) {
    struct debugcache_key ret = {0};
    snprintf(ret.build_id, sizeof ret.build_id, "%08x", number);
    return ret;
}

static void passwords_are_not_shown(void **state) {
    struct symbolservers servers;
    begin(&servers, " http://a/  https://user:pass@word@b:8002/x@y?z http://user@c ");
    assert_int_equal(servers.n, 3);
    assert_string_equal(servers.list[0].display, "http://a/");
    assert_string_equal(servers.list[1].display, "https://b:8002/x@y?z");
    assert_string_equal(servers.list[1].url, "https://user:pass@word@b:8002/x@y?z");
    assert_string_equal(servers.list[2].display, "http://c");
    symbolservers_clear(&servers);
}

static void a_server_is_left_alone_for_longer_each_time(void **state) {
    struct symbolservers servers;
    begin(&servers, "http://a");
    struct symbolserver *server = &servers.list[0];
    uint64_t now = NOW, expected[] = {1, 2, 4, 8, 16, 32, 60, 60};
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        symbolserver_failed(&servers, server, "gone", now);
        assert_int_equal(server->next_try - now, expected[i] * MINUTE);
        assert_int_equal(symbolservers_due(&servers, now), server->next_try);
        /* What fails or succeeds beside it changes nothing. */
        uint64_t next = server->next_try;
        symbolserver_failed(&servers, server, "gone, too", now + 1);
        symbolserver_answered(&servers, server, now + 1);
        assert_int_equal(server->next_try, next);
        char *problem = symbolservers_problem(&servers, now);
        assert_string_equal(problem, "http://a: gone");
        free(problem);
        now = next;
        assert_null(symbolservers_problem(&servers, now));
        assert_int_equal(symbolservers_due(&servers, now), 0);
    }
    symbolserver_answered(&servers, server, now);
    symbolserver_failed(&servers, server, "gone", now);
    assert_int_equal(server->next_try - now, MINUTE);
    symbolservers_clear(&servers);
}

static void one_server_that_may_be_asked_is_enough(void **state) {
    struct symbolservers servers;
    begin(&servers, "http://a http://b");
    symbolserver_failed(&servers, &servers.list[0], "gone", NOW);
    assert_int_equal(symbolservers_due(&servers, NOW), 0);
    symbolserver_failed(&servers, &servers.list[1], "gone", NOW + MINUTE / 2);
    assert_int_equal(symbolservers_due(&servers, NOW + MINUTE / 2), NOW + MINUTE);
    symbolservers_forget(&servers);
    assert_int_equal(symbolservers_due(&servers, NOW + MINUTE / 2), 0);
    symbolservers_clear(&servers);
}

static void what_is_nowhere_is_remembered_within_bounds(void **state) {
    struct symbolservers servers;
    struct debugcache_key first = key(0), file = {.executable = true};
    begin(&servers, "http://a");
    symbolservers_absent(&servers, &first, NOW);
    assert_true(symbolservers_lack(&servers, &first, NOW + HOUR - 1));
    assert_false(symbolservers_lack(&servers, &first, NOW + HOUR));
    memcpy(file.build_id, first.build_id, sizeof file.build_id);
    assert_false(symbolservers_lack(&servers, &file, NOW));
    for (unsigned i = 1; i < 5000; i++) {
        struct debugcache_key next = key(i);
        symbolservers_absent(&servers, &next, NOW + i);
        assert_true(symbolservers_lack(&servers, &next, NOW + i));
    }
    assert_true(json_object_size(servers.absent) <= 1024);
    assert_false(symbolservers_lack(&servers, &first, NOW + 1));
    symbolservers_forget(&servers);
    assert_int_equal(json_object_size(servers.absent), 0);
    symbolservers_clear(&servers);
}

static void new_servers_may_have_what_the_old_ones_lacked(void **state) {
    struct symbolservers servers;
    struct debugcache_key first = key(0);
    begin(&servers, "http://a http://b");
    symbolserver_failed(&servers, &servers.list[1], "gone", NOW);
    symbolservers_absent(&servers, &first, NOW);
    assert_int_equal(symbolservers_set(&servers, "http://b http://c"), 0);
    assert_false(symbolservers_lack(&servers, &first, NOW));
    assert_int_equal(servers.list[0].next_try, NOW + MINUTE);
    assert_int_equal(servers.list[1].next_try, 0);
    symbolservers_clear(&servers);
}

static void only_build_ids_are_keys(void **state) {
    static const char *const wrong[] = {
        "", "ab", "../../../etc/passwd", "abc", "ABCDEF", "abcdeg", "abcd/../abcd",
    };
    char longest[DEBUGCACHE_ID_MAX + 3], path[DEBUGCACHE_PATH_MAX];
    struct debugcache_key read;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        json_t *object = json_pack("{ss}", "build_id", wrong[i]);
        assert_false(debugcache_key_read(object, &read));
        json_decref(object);
    }
    memset(longest, 'a', sizeof longest);
    longest[DEBUGCACHE_ID_MAX + 2] = '\0';
    json_t *object = json_pack("{ss}", "build_id", longest);
    assert_false(debugcache_key_read(object, &read));
    longest[DEBUGCACHE_ID_MAX] = '\0';
    json_object_set_new(object, "build_id", json_string(longest));
    assert_true(debugcache_key_read(object, &read));
    json_decref(object);
    debugcache_path(&read, path);
    assert_string_equal(path + strlen(path) - 6, ".debug");
    assert_int_equal(strlen(path), strlen(".build-id//.debug") + DEBUGCACHE_ID_MAX);
}

RUN_TESTS("symbolserver", cmocka_unit_test(passwords_are_not_shown),
          cmocka_unit_test(a_server_is_left_alone_for_longer_each_time),
          cmocka_unit_test(one_server_that_may_be_asked_is_enough),
          cmocka_unit_test(what_is_nowhere_is_remembered_within_bounds),
          cmocka_unit_test(new_servers_may_have_what_the_old_ones_lacked),
          cmocka_unit_test(only_build_ids_are_keys))
