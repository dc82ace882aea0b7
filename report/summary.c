/* SPDX-License-Identifier: MIT */
#include "report/summary.h"

#include "base/clock.h"
#include "report/sourcepath.h"

static json_t *text_or_null(const char *text) {
    return text ? json_string(text) : json_null();
}

json_t *summary_render(const struct crash_report *report) {
    char time[CLOCK_RFC3339_SIZE];
    const struct frame *culprit = NULL;
    const struct report_diagnosis *diagnosis = &report->diagnosis;

    clock_rfc3339(report->time, time);
    if (report->culprit >= 0)
        culprit = &report->threads[0].stack.frames[report->culprit];
    json_t *row = json_object();
    json_object_set_new(row, "id", json_string(report->event_id));
    json_object_set_new(row, "time", json_string(time));
    json_object_set_new(row, "exe", text_or_null(report->exe));
    json_object_set_new(row, "pid", json_integer(report->pid));
    json_object_set_new(row, "uid", json_integer(report->uid));
    json_object_set_new(row, "unit", text_or_null(report->context->unit));
    json_object_set_new(row, "signal", text_or_null(report->signal ? report->signal_name : NULL));
    json_object_set_new(row, "kind", json_string(diagnosis->kind));
    json_object_set_new(row, "title", json_sprintf("%s: %s", diagnosis->type, diagnosis->value));
    json_object_set_new(row, "function", text_or_null(culprit ? culprit->function : NULL));
    json_object_set_new(row, "file",
                        text_or_null(culprit ? sourcepath_relative(report, culprit) : NULL));
    json_object_set_new(row, "line",
                        culprit && culprit->line ? json_integer(culprit->line) : json_null());
    json_object_set_new(row, "release", text_or_null(report->release));
    json_object_set_new(row, "environment", text_or_null(report->environment));
    return row;
}
