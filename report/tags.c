/* SPDX-License-Identifier: MIT */
#include "report/tags.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

enum { TAGS_OWN = 24, TAGS_MAX = 128, TAG_LENGTH_MAX = 200 };

/* A later one does not replace an earlier one of that name. */
static int add(struct crash_report *report, const struct scrubber *scrubber, const char *name,
               const char *value) {
    if (!value || !*value || !name || !*name || report->n_tags >= TAGS_MAX)
        return 0;
    for (size_t i = 0; i < report->n_tags; i++)
        /* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): the first n_tags have names */
        if (strcmp(report->tags[i].name, name) == 0)
            return 0;
    BASE_CLEANUP(free)
    char *hidden = scrub_text(scrubber, scrub_is_secret_name(name) ? SCRUB_MARK : value);
    char *clean_name = text_clean(name, TAG_LENGTH_MAX);
    char *clean = hidden ? text_clean(hidden, TAG_LENGTH_MAX) : NULL;
    if (!clean_name || !clean) {
        free(clean_name);
        free(clean);
        return -ENOMEM;
    }
    /* Sentry refuses line breaks in a tag. */
    for (char *p = clean; *p; p++)
        if (*p == '\n' || *p == '\t')
            *p = ' ';
    report->tags[report->n_tags++] = (struct report_pair){clean_name, clean};
    return 0;
}

/* The language runtime that the program brought along, by its library. */
static const char *runtime_of(const struct crash_report *report) {
    static const struct {
        const char *prefix, *name;
    } runtimes[] = {
        {"libpython", "python"}, {"python", "python"},    {"libjvm.so", "java"},
        {"libnode", "node"},     {"node", "node"},        {"libruby", "ruby"},
        {"libperl", "perl"},     {"libmonosgen", "mono"}, {"libcoreclr.so", "dotnet"},
        {"libphp", "php"},       {"libguile", "guile"},
    };
    for (size_t i = 0; i < report->n_modules; i++)
        for (size_t j = 0; j < sizeof runtimes / sizeof *runtimes; j++)
            if (text_starts_with(text_basename(report->modules[i].path), runtimes[j].prefix))
                return runtimes[j].name;
    return NULL;
}

static int compare_tags(const void *a, const void *b) {
    return strcmp(((const struct report_pair *)a)->name, ((const struct report_pair *)b)->name);
}

int tags_make(struct crash_report *report, const struct scrubber *scrubber) {
    static const char *const symbols[] = {
        [REPORT_SYMBOLS_NONE] = "none",
        [REPORT_SYMBOLS_PARTIAL] = "partial",
        [REPORT_SYMBOLS_FULL] = "full",
    };
    const struct report_context *context = report->context;
    const struct snapshot *snapshot = report->snapshot;
    const struct report_diagnosis *diagnosis = &report->diagnosis;
    char sent_by[64] = "";
    int r = 0;

    report->tags = calloc(TAGS_MAX, sizeof *report->tags);
    if (!report->tags)
        return -ENOMEM;
    if (diagnosis->sent_by)
        snprintf(sent_by, sizeof sent_by, "%u%s%s", diagnosis->sent_by,
                 diagnosis->sent_by_name ? " " : "",
                 diagnosis->sent_by_name ? diagnosis->sent_by_name : "");
    for (size_t i = 0; r == 0 && i < context->n_tags; i++)
        r = add(report, scrubber, context->tags[i].name, context->tags[i].value);
    for (size_t i = 0; r == 0 && i < snapshot->scope.n_tags; i++)
        r = add(report, scrubber, snapshot->scope.tags[i].name, snapshot->scope.tags[i].value);
    const struct report_pair own[] = {
        {"signal", report->signal ? report->signal_name : NULL},
        {"kind", diagnosis->kind},
        {"fault", diagnosis->fault},
        {"exe", report->exe},
        {"unit", context->unit},
        {"package", context->package},
        {"container", context->container},
        {"k8s.namespace", context->namespace},
        {"arch", snapshot->arch},
        {"libc", snapshot->process.libc},
        {"runtime", runtime_of(report)},
        {"sent_by", sent_by},
        {"thread", report->n_threads ? report->threads[0].name : NULL},
        {"truncated", snapshot->complete ? NULL : "yes"},
        {"symbols", symbols[report->symbols]},
    };
    for (size_t i = 0; r == 0 && i < sizeof own / sizeof *own; i++)
        r = add(report, scrubber, own[i].name, own[i].value);
    if (report->n_tags)
        qsort(report->tags, report->n_tags, sizeof *report->tags, compare_tags);
    return r;
}

void tags_clear(struct crash_report *report) {
    for (size_t i = 0; i < report->n_tags; i++) {
        free((char *)report->tags[i].name);
        free((char *)report->tags[i].value);
    }
    free(report->tags);
}
