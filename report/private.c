/* SPDX-License-Identifier: MIT */
#include "report/private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { VALUE_MAX = 1024, DIRECTORY_MAX = 4096 };

static int take_arguments(struct crash_report *report, const struct scrubber *scrubber) {
    const struct snapshot_process *process = &report->snapshot->process;
    bool value_of_secret = false;
    report->arguments = calloc(process->n_args + 1, sizeof *report->arguments);
    if (!report->arguments)
        return -ENOMEM;
    for (size_t i = 0; i < process->n_args; i++) {
        const char *argument = process->args[i];
        char *kept;
        int r = scrub_keep(scrubber, value_of_secret ? SCRUB_MARK : argument, VALUE_MAX, &kept);
        if (r < 0)
            return r;
        if (kept)
            report->arguments[report->n_arguments++] = kept;
        /* "--token", and the token in the next word. */
        value_of_secret =
            argument[0] == '-' && !strchr(argument, '=') && scrub_is_secret_name(argument);
    }
    return 0;
}

static int take_environment(struct crash_report *report, const struct scrubber *scrubber) {
    const struct snapshot *snapshot = report->snapshot;
    report->environment_variables =
        calloc(snapshot->n_environment + 1, sizeof *report->environment_variables);
    if (!report->environment_variables)
        return -ENOMEM;
    for (size_t i = 0; i < snapshot->n_environment; i++) {
        const struct snapshot_pair *from = &snapshot->environment[i];
        char *name, *value = NULL;
        int r = scrub_keep(scrubber, from->name, VALUE_MAX, &name);
        if (r == 0)
            r = scrub_keep(scrubber, scrub_is_secret_name(from->name) ? SCRUB_MARK : from->value,
                           VALUE_MAX, &value);
        if (r == 0 && name && value) {
            report->environment_variables[report->n_environment_variables++] =
                (struct report_pair){name, value};
            continue;
        }
        free(name);
        free(value);
        if (r < 0)
            return r;
    }
    return 0;
}

int private_take(struct crash_report *report, const struct scrubber *scrubber) {
    if (!report->context->send_pii)
        return 0;
    int r = take_arguments(report, scrubber);
    if (r == 0)
        r = scrub_keep(scrubber, report->snapshot->process.cwd, DIRECTORY_MAX,
                       &report->work_directory);
    return r < 0 ? r : take_environment(report, scrubber);
}

void private_clear(struct crash_report *report) {
    free(report->work_directory);
    for (size_t i = 0; i < report->n_arguments; i++)
        free(report->arguments[i]);
    free(report->arguments);
    for (size_t i = 0; i < report->n_environment_variables; i++) {
        free((char *)report->environment_variables[i].name);
        free((char *)report->environment_variables[i].value);
    }
    free(report->environment_variables);
}
