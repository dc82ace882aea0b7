/* SPDX-License-Identifier: MIT */
#include "tests/unit/unit.h"

#include <stdio.h>

#include "report/fingerprint.h"
#include "report/recursion.h"

enum { FRAMES_MAX = 64 };

struct fixture {
    struct crash_report report;
    struct report_thread thread;
    struct frame frames[FRAMES_MAX];
    bool in_app[FRAMES_MAX];
    struct report_module module;
};

static void prepare(struct fixture *f, const char *kind, const char *type) {
    *f = (struct fixture){
        .module = {.path = (char *)"/opt/lib/libfoo.so.1"},
        .report = {.program = (char *)"orderd",
                   .diagnosis = {.kind = kind, .type = (char *)type},
                   .n_threads = 1,
                   .n_modules = 1},
    };
    f->report.threads = &f->thread;
    f->report.modules = &f->module;
    f->thread.stack.frames = f->frames;
    f->thread.in_app = f->in_app;
}

static void frame(struct fixture *f, const char *function, bool in_app) {
    size_t n = f->thread.stack.n_frames++;
    f->frames[n].function = (char *)function;
    f->in_app[n] = in_app;
}

static void expect(struct fixture *f, const char *joined) {
    char text[512] = "";
    assert_int_equal(fingerprint_make(&f->report), 0);
    for (size_t i = 0; i < f->report.n_fingerprint; i++) {
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", i ? "|" : "",
                 f->report.fingerprint[i]);
        free(f->report.fingerprint[i]);
    }
    free(f->report.fingerprint);
    assert_string_equal(text, joined);
}

static void application_first(void **state) {
    struct fixture f;
    prepare(&f, "null pointer", "SIGSEGV");
    frame(&f, "__strlen_avx2", false);
    frame(&f, "price_list_find", true);
    frame(&f, "qsort_r", false);
    frame(&f, "quote_order", true);
    frame(&f, "handle", true);
    frame(&f, "main", true);
    expect(&f, "native-crash|orderd|SIGSEGV|price_list_find|quote_order|handle");
}

/* Behind a symbol's end: how far is no property of the crash. */
static void no_offsets(void **state) {
    struct fixture f;
    prepare(&f, "null pointer", "SIGSEGV");
    frame(&f, "cut+0x1a", true);
    frame(&f, "A::operator+", true);
    frame(&f, "main", true);
    expect(&f, "native-crash|orderd|SIGSEGV|cut|A::operator+|main");
}

static void recursion_is_folded(void **state) {
    struct fixture f;
    prepare(&f, "null pointer", "SIGSEGV");
    for (int i = 0; i < 5; i++)
        frame(&f, "walk", true);
    frame(&f, "main", true);
    expect(&f, "native-crash|orderd|SIGSEGV|walk|main");
}

/* Whichever function of the cycle meets the end of the stack. */
static void overflow_is_its_cycle(void **state) {
    struct fixture f;
    for (int start = 0; start < 2; start++) {
        prepare(&f, "stack overflow", "SIGSEGV");
        if (start)
            frame(&f, "pong", true);
        for (int i = 0; i < 10; i++) {
            frame(&f, "ping", true);
            frame(&f, "pong", true);
        }
        expect(&f, "native-crash|orderd|stack overflow|ping|pong");
    }
}

static void without_names(void **state) {
    struct fixture f;
    prepare(&f, "wild pointer", "SIGSEGV");
    frame(&f, NULL, true);
    expect(&f, "native-crash|orderd|SIGSEGV|libfoo.so.1");
    prepare(&f, "wild pointer", "SIGSEGV");
    frame(&f, "memcpy", false);
    expect(&f, "native-crash|orderd|SIGSEGV|memcpy");
}

static void cycles(void **state) {
    struct fixture f;
    prepare(&f, "", "");
    frame(&f, "leaf", true);
    for (int i = 0; i < 6; i++) {
        frame(&f, "a", true);
        frame(&f, "b", true);
        frame(&f, "c", true);
    }
    frame(&f, "main", true);
    struct recursion cycle = recursion_find(&f.thread.stack);
    assert_int_equal(cycle.first, 1);
    assert_int_equal(cycle.period, 3);
    assert_int_equal(cycle.times, 6);
    prepare(&f, "", "");
    frame(&f, "a", true);
    frame(&f, "b", true);
    assert_int_equal(recursion_find(&f.thread.stack).period, 0);
}

/* What lies beyond a gap begins anywhere in the cycle. */
static void cycle_goes_on_beyond_a_gap(void **state) {
    static const char *const NAMES[] = {"a", "b", "c"};
    struct fixture f;
    prepare(&f, "", "");
    for (int i = 0; i < 14; i++)
        frame(&f, NAMES[i % 3], true);
    f.frames[14].after_gap = true;
    for (int i = 0; i < 10; i++)
        frame(&f, NAMES[(i + 1) % 3], true);
    frame(&f, "main", true);
    struct recursion cycle = recursion_find(&f.thread.stack);
    assert_int_equal(cycle.first, 0);
    assert_int_equal(cycle.period, 3);
    assert_int_equal(cycle.times, 4 + 3);
    assert_int_equal(cycle.end, 14 + 9);
    assert_true(cycle.gap);
    /* Others left out by a limit count the same; without either it is another part. */
    f.frames[14].after_gap = false;
    f.thread.stack.skipped = 100;
    f.thread.stack.skipped_before = 14;
    assert_int_equal(recursion_find(&f.thread.stack).end, 14 + 9);
    f.thread.stack.skipped = 0;
    assert_int_equal(recursion_find(&f.thread.stack).end, 12);
    assert_int_equal(recursion_find_from(&f.thread.stack, 12).first, 14);
}

RUN_TESTS("fingerprint", cmocka_unit_test(cycle_goes_on_beyond_a_gap),
          cmocka_unit_test(application_first), cmocka_unit_test(recursion_is_folded),
          cmocka_unit_test(no_offsets), cmocka_unit_test(overflow_is_its_cycle),
          cmocka_unit_test(without_names), cmocka_unit_test(cycles))
