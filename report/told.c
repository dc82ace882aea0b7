/* SPDX-License-Identifier: MIT */
#include "report/told.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

enum { NAME_LIMIT = 200, VALUE_LIMIT = 1024, PART_LIMIT = 200, PARTS_LIMIT = 16 };

static int take_text(const struct scrubber *scrubber, const char *text, size_t limit, char **ret) {
    return text_empty(text) ? 0 : scrub_keep(scrubber, text, limit, ret);
}

static void clear_pairs(struct report_pair *pairs, size_t n) {
    for (size_t i = 0; i < n; i++) {
        free((char *)pairs[i].name);
        free((char *)pairs[i].value);
    }
    free(pairs);
}

/* Pairs without a name or a value are left out. */
static int take_pairs(const struct scrubber *scrubber, const struct snapshot_pair *from, size_t n,
                      struct report_pair **ret, size_t *n_ret) {
    int r = 0;
    *n_ret = 0;
    *ret = calloc(n + 1, sizeof **ret);
    if (!*ret)
        return -ENOMEM;
    for (size_t i = 0; r == 0 && i < n; i++) {
        char *name = NULL, *value = NULL;
        r = take_text(scrubber, from[i].name, NAME_LIMIT, &name);
        if (r == 0 && name)
            r = take_text(scrubber, scrub_is_secret_name(name) ? SCRUB_MARK : from[i].value,
                          VALUE_LIMIT, &value);
        if (r == 0 && name && value) {
            (*ret)[(*n_ret)++] = (struct report_pair){name, value};
            continue;
        }
        free(name);
        free(value);
    }
    return r;
}

static const char *known_level(const char *level) {
    static const char *const levels[] = {"debug", "info", "warning", "error", "fatal"};
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
        if (strcmp(level, levels[i]) == 0)
            return levels[i];
    return "info";
}

static int take_breadcrumbs(struct crash_report *report, const struct scrubber *scrubber) {
    const struct snapshot *snapshot = report->snapshot;
    int r = 0;
    report->breadcrumbs = calloc(snapshot->n_breadcrumbs + 1, sizeof *report->breadcrumbs);
    if (!report->breadcrumbs)
        return -ENOMEM;
    for (size_t i = 0; r == 0 && i < snapshot->n_breadcrumbs; i++) {
        const struct snapshot_breadcrumb *from = &snapshot->breadcrumbs[i];
        struct report_breadcrumb *crumb = &report->breadcrumbs[report->n_breadcrumbs++];
        crumb->time = from->time;
        crumb->level = known_level(from->level);
        r = take_text(scrubber, from->category, NAME_LIMIT, &crumb->category);
        if (r == 0)
            r = take_text(scrubber, from->message, VALUE_LIMIT, &crumb->message);
        if (r == 0)
            r = take_pairs(scrubber, from->data, from->n_data, &crumb->data, &crumb->n_data);
    }
    return r;
}

static int take_contexts(struct crash_report *report, const struct scrubber *scrubber) {
    const struct snapshot *snapshot = report->snapshot;
    int r = 0;
    report->told = calloc(snapshot->n_contexts + 1, sizeof *report->told);
    if (!report->told)
        return -ENOMEM;
    for (size_t i = 0; r == 0 && i < snapshot->n_contexts; i++) {
        const struct snapshot_context *from = &snapshot->contexts[i];
        struct report_told *told = &report->told[report->n_told++];
        r = take_text(scrubber, from->name, NAME_LIMIT, &told->name);
        if (r == 0)
            r = take_pairs(scrubber, from->values, from->n_values, &told->values, &told->n_values);
    }
    return r;
}

static int take_fingerprint(struct crash_report *report, const struct scrubber *scrubber) {
    const struct snapshot *snapshot = report->snapshot;
    size_t n = snapshot->scope.n_fingerprint;
    int r = 0;
    if (n > PARTS_LIMIT)
        n = PARTS_LIMIT;
    report->own_fingerprint = calloc(n + 1, sizeof *report->own_fingerprint);
    if (!report->own_fingerprint)
        return -ENOMEM;
    for (size_t i = 0; r == 0 && i < n; i++) {
        char *part = NULL;
        r = take_text(scrubber, snapshot->scope.fingerprint[i], PART_LIMIT, &part);
        if (part)
            report->own_fingerprint[report->n_own_fingerprint++] = part;
    }
    return r;
}

int told_take(struct crash_report *report, const struct scrubber *scrubber) {
    const struct snapshot *snapshot = report->snapshot;
    int r = take_breadcrumbs(report, scrubber);
    if (r == 0)
        r = take_contexts(report, scrubber);
    if (r == 0)
        r = take_fingerprint(report, scrubber);
    if (r == 0)
        r = take_pairs(scrubber, snapshot->scope.user, snapshot->scope.n_user, &report->user.values,
                       &report->user.n_values);
    return r;
}

void told_clear(struct crash_report *report) {
    for (size_t i = 0; i < report->n_breadcrumbs; i++) {
        free(report->breadcrumbs[i].category);
        free(report->breadcrumbs[i].message);
        clear_pairs(report->breadcrumbs[i].data, report->breadcrumbs[i].n_data);
    }
    free(report->breadcrumbs);
    for (size_t i = 0; i < report->n_told; i++) {
        free(report->told[i].name);
        clear_pairs(report->told[i].values, report->told[i].n_values);
    }
    free(report->told);
    clear_pairs(report->user.values, report->user.n_values);
    for (size_t i = 0; i < report->n_own_fingerprint; i++)
        free(report->own_fingerprint[i]);
    free(report->own_fingerprint);
}
