/* SPDX-License-Identifier: MIT */
/* A snapshot all the way to its event and its text, without a file of this machine being opened:
 * as the reduced report of a crash that no worker survived, and with stacks walked over what the
 * snapshot itself holds of modules (unwind tables, symbols). */
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <jansson.h>

#include "report/report.h"
#include "report/summary.h"
#include "report/text.h"
#include "sentry/event.h"
#include "snapshot/snapshot.h"
#include "symbolizer/symbolizer.h"

static void check_event(const struct crash_report *report, enum event_symbolication symbolication) {
    struct event_options options = {.symbolication = symbolication};
    char *text = NULL;
    size_t size = 0;
    FUZZ_REQUIRE(event_render(report, &options, &text, &size) == 0);
    FUZZ_REQUIRE(size <= EVENT_SIZE_MAX);
    /* Strict: valid UTF-8, and no key twice. */
    json_t *event = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
    FUZZ_REQUIRE(json_is_object(event));
    json_decref(event);
    free(text);
}

static void check_report(const struct snapshot *snapshot, struct walk *walk) {
    struct report_context context = {
        .event_id = "0123456789abcdef0123456789abcdef",
        .time = UINT64_C(1795357812482913000),
        .damage = walk ? NULL : "the worker crashed twice",
    };
    struct crash_report *report = NULL;
    FUZZ_REQUIRE(report_build(snapshot, walk, &context, &report) == 0);

    char *text = NULL;
    size_t size = 0;
    FUZZ_REQUIRE(text_render(report, &text, &size) == 0 && strlen(text) == size);
    free(text);
    json_t *summary = summary_render(report);
    FUZZ_REQUIRE(json_is_object(summary));
    json_decref(summary);
    check_event(report, EVENT_SYMBOLICATION_AUTO);
    check_event(report, EVENT_SYMBOLICATION_CLIENT);
    report_free(report);
}

static struct symbolizer *symbolizer_without_files(void) {
    static const char *const none[] = {NULL};
    struct symbolizer_options options = {.debug_directories = none, .max_frames = 300};
    struct symbolizer *symbolizer = NULL;
    FUZZ_REQUIRE(symbolizer_new(&options, &symbolizer) == 0);
    return symbolizer;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct snapshot *snapshot = NULL;
    if (snapshot_read(data, size, NULL, &snapshot) < 0)
        return 0;
    check_report(snapshot, NULL);

    /* The input must not choose files; "[" begins the names of what is none. */
    for (size_t i = 0; i < snapshot->n_modules; i++)
        if (snapshot->modules[i].path[0] != '[')
            snapshot->modules[i].path = "/nonexistent/module";
    struct symbolizer *symbolizer = symbolizer_without_files();
    struct walk *walk = NULL;
    FUZZ_REQUIRE(walk_new(symbolizer, snapshot, NULL, 0, &walk) == 0);
    check_report(snapshot, walk);
    walk_free(walk);
    symbolizer_free(symbolizer);
    snapshot_free(snapshot);
    return 0;
}
