/* SPDX-License-Identifier: MIT */
#include "report/vars.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "report/origin.h"

enum { NAME_MAX_BYTES = 256, TYPE_MAX_BYTES = 256 };

int report_vars_parse(const char *name) {
    static const char *const names[] = {
        [REPORT_VARS_OFF] = "off",
        [REPORT_VARS_IN_APP] = "in-app",
        [REPORT_VARS_ALL] = "all",
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], name) == 0)
            return (int)i;
    return -1;
}

static bool wants(const struct frame *frame, void *data) {
    const struct crash_report *report = data;
    return report->context->vars == REPORT_VARS_ALL ||
           origin_frame_in_app(report->snapshot, frame, report->exe);
}

struct variable_policy vars_policy(const struct crash_report *report) {
    if (report->context->vars == REPORT_VARS_OFF)
        return (struct variable_policy){0};
    return (struct variable_policy){wants, (void *)report, scrub_is_secret_name};
}

static int clean_text(char **text, size_t limit) {
    char *clean = text_clean(*text, limit);
    if (!clean)
        return -ENOMEM;
    free(*text);
    *text = clean;
    return 0;
}

static int clean_value(const struct scrubber *scrubber, struct variable *variable, size_t limit) {
    bool secret = variable->state == VARIABLE_KNOWN && scrub_is_secret_name(variable->name);
    int r = clean_text(&variable->value, limit);
    if (r < 0)
        return r;
    char *clean = secret ? strdup(SCRUB_MARK) : scrub_value(scrubber, variable->value);
    if (!clean)
        return -ENOMEM;
    free(variable->value);
    variable->value = clean;
    return 0;
}

int vars_clean(const struct scrubber *scrubber, struct frame *frame) {
    size_t left = VARS_FRAME_MAX, kept = 0;
    for (size_t i = 0; i < frame->n_variables; i++) {
        struct variable *variable = &frame->variables[i];
        int r = clean_text(&variable->name, NAME_MAX_BYTES);
        if (r == 0 && variable->type)
            r = clean_text(&variable->type, TYPE_MAX_BYTES);
        if (r == 0)
            r = clean_value(scrubber, variable, VARS_VALUE_MAX);
        if (r < 0)
            return r;
        size_t size = strlen(variable->name) + strlen(variable->value);
        if (size > left) {
            free(variable->name);
            free(variable->type);
            free(variable->value);
            continue;
        }
        left -= size;
        frame->variables[kept++] = *variable;
    }
    frame->n_variables = kept;
    return 0;
}
