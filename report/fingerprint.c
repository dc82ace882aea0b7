/* SPDX-License-Identifier: MIT */
#include "report/fingerprint.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "report/recursion.h"

enum { FUNCTIONS_MAX = 3, PARTS_MAX = 3 + FUNCTIONS_MAX };

static bool add(struct crash_report *report, const char *part) {
    char *copy = strdup(part);
    if (copy)
        report->fingerprint[report->n_fingerprint++] = copy;
    return copy != NULL;
}

static bool has_function(const struct crash_report *report, const char *name) {
    for (size_t i = 3; i < report->n_fingerprint; i++)
        if (strcmp(report->fingerprint[i], name) == 0)
            return true;
    return false;
}

/* Which function of a cycle hits the stack's end is chance: take them in the order of the alphabet.
 */
static int compare_names(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool add_cycle(struct crash_report *report) {
    const struct stack *stack = &report->threads[0].stack;
    struct recursion cycle = recursion_find(stack);
    const char *names[32];
    size_t n = 0;
    for (size_t i = 0; i < cycle.period && n < sizeof names / sizeof *names; i++)
        if (stack->frames[cycle.first + i].function)
            names[n++] = stack->frames[cycle.first + i].function;
    if (n)
        qsort(names, n, sizeof *names, compare_names);
    for (size_t i = 0; i < n && report->n_fingerprint < PARTS_MAX; i++)
        if (!has_function(report, names[i]) && !add(report, names[i]))
            return false;
    return true;
}

/* in_app first; a crash without any function of the application is known by whatever has a name. */
static bool add_functions(struct crash_report *report, bool in_app_only) {
    const struct report_thread *thread = &report->threads[0];
    for (size_t i = 0; i < thread->stack.n_frames && report->n_fingerprint < PARTS_MAX; i++) {
        const struct frame *frame = &thread->stack.frames[i];
        if (!frame->function || frame->trust == FRAME_TRUST_SCAN ||
            (in_app_only && !thread->in_app[i]))
            continue;
        /* The way from a symbol's start changes from build to build. */
        const char *offset = strstr(frame->function, "+0x");
        BASE_CLEANUP(free)
        char *name = offset ? strndup(frame->function, (size_t)(offset - frame->function))
                            : strdup(frame->function);
        if (!name || (!has_function(report, name) && !add(report, name)))
            return false;
    }
    return true;
}

static bool add_modules(struct crash_report *report) {
    const struct stack *stack = &report->threads[0].stack;
    for (size_t i = 0; i < stack->n_frames && report->n_fingerprint < PARTS_MAX; i++) {
        int module = stack->frames[i].module;
        if (module < 0)
            continue;
        const char *name = text_basename(report->modules[module].path);
        if (!has_function(report, name) && !add(report, name))
            return false;
    }
    return true;
}

static int make_default(struct crash_report *report) {
    report->fingerprint = calloc(PARTS_MAX, sizeof *report->fingerprint);
    if (!report->fingerprint)
        return -ENOMEM;
    bool overflow = strcmp(report->diagnosis.kind, "stack overflow") == 0;
    bool ok = add(report, "native-crash") && add(report, report->program) &&
              add(report, overflow ? "stack overflow" : report->diagnosis.type);
    if (ok && report->n_threads && overflow)
        ok = add_cycle(report);
    if (ok && report->n_threads && report->n_fingerprint == 3)
        ok = add_functions(report, true);
    if (ok && report->n_threads && report->n_fingerprint == 3)
        ok = add_functions(report, false);
    if (ok && report->n_threads && report->n_fingerprint == 3)
        ok = add_modules(report);
    return ok ? 0 : -ENOMEM;
}

static bool is_default(const char *part) {
    return strcmp(part, "{{ default }}") == 0 || strcmp(part, "{{default}}") == 0;
}

int fingerprint_make(struct crash_report *report) {
    int r = make_default(report);
    if (r < 0 || report->n_own_fingerprint == 0)
        return r;
    char **parts = report->fingerprint;
    size_t n = report->n_fingerprint;
    report->n_fingerprint = 0;
    report->fingerprint = calloc(report->n_own_fingerprint * (n + 1), sizeof *report->fingerprint);
    bool ok = report->fingerprint != NULL;
    for (size_t i = 0; ok && i < report->n_own_fingerprint; i++) {
        if (!is_default(report->own_fingerprint[i]))
            ok = add(report, report->own_fingerprint[i]);
        for (size_t j = 0; ok && is_default(report->own_fingerprint[i]) && j < n; j++)
            ok = add(report, parts[j]);
    }
    for (size_t j = 0; j < n; j++)
        free(parts[j]);
    free(parts);
    return ok ? 0 : -ENOMEM;
}
