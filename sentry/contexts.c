/* SPDX-License-Identifier: MIT */
#include "sentry/contexts.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "sentry/json.h"
#include "sentry/told.h"

enum { VALUE_LIMIT = 1024 };

static json_t *render_os(const struct report_context *context) {
    json_t *os = json_pack("{ss ss}", "type", "os", "name", "Linux");
    if (!text_empty(context->kernel)) {
        /* "6.8.0-45-generic" is version 6.8.0, build 45-generic. */
        size_t length = strspn(context->kernel, "0123456789.");
        const char *build = context->kernel + length;
        char version[64];
        snprintf(version, sizeof version, "%.*s", (int)(length < 60 ? length : 60),
                 context->kernel);
        json_put_text(os, "version", version, VALUE_LIMIT);
        json_put_text(os, "build", build + strspn(build, "-."), VALUE_LIMIT);
        json_put_text(os, "kernel_version", context->kernel, VALUE_LIMIT);
    }
    json_put_text(os, "distribution_name", context->os_name, VALUE_LIMIT);
    json_put_text(os, "distribution_version", context->os_version, VALUE_LIMIT);
    json_put_text(os, "distribution_pretty_name", context->os_pretty, VALUE_LIMIT);
    return os;
}

static json_t *render_device(const struct crash_report *report) {
    const struct report_context *context = report->context;
    json_t *device = json_pack("{ss}", "type", "device");
    json_put_text(device, "name", context->server_name, VALUE_LIMIT);
    json_put_text(device, "arch", report->snapshot->arch, VALUE_LIMIT);
    if (context->processors)
        json_object_set_new(device, "processor_count", json_integer(context->processors));
    if (context->memory_size)
        json_object_set_new(device, "memory_size", json_integer((json_int_t)context->memory_size));
    return device;
}

/* "glibc 2.36" */
static json_t *render_runtime(const struct crash_report *report) {
    const char *libc = report->snapshot->process.libc;
    const char *space = strchr(libc, ' ');
    char name[32];
    if (text_empty(libc))
        return NULL;
    json_t *runtime = json_pack("{ss}", "type", "runtime");
    snprintf(name, sizeof name, "%.*s", (int)(space ? space - libc : 31), libc);
    json_put_text(runtime, "name", name, VALUE_LIMIT);
    json_put_text(runtime, "version", space ? space + 1 : NULL, VALUE_LIMIT);
    return runtime;
}

static json_t *render_app(const struct crash_report *report) {
    char time[CLOCK_RFC3339_SIZE];
    json_t *app = json_pack("{ss}", "type", "app");
    json_put_text(app, "app_name", report->program, VALUE_LIMIT);
    json_put_text(app, "app_version", report->context->package_version, VALUE_LIMIT);
    if (report->n_modules && report->context->start_time) {
        clock_rfc3339(report->context->start_time, time);
        json_put_text(app, "app_start_time", time, VALUE_LIMIT);
    }
    return app;
}

static json_t *render_process(const struct crash_report *report) {
    const struct snapshot *snapshot = report->snapshot;
    const struct report_context *context = report->context;
    json_t *process = json_object();
    json_object_set_new(process, "pid", json_integer(report->pid));
    if (snapshot->process.ppid)
        json_object_set_new(process, "ppid", json_integer(snapshot->process.ppid));
    json_object_set_new(process, "uid", json_integer(report->uid));
    json_put_text(process, "exe", report->exe, VALUE_LIMIT);
    json_put_text(process, "comm", snapshot->process.comm, VALUE_LIMIT);
    json_put_text(process, "unit", context->unit, VALUE_LIMIT);
    json_put_text(process, "container", context->container, VALUE_LIMIT);
    json_put_text(process, "package", context->package, VALUE_LIMIT);
    json_object_set_new(process, "threads", json_integer((json_int_t)report->n_threads));
    json_t *arguments = json_array(), *environment = json_object();
    for (size_t i = 0; i < report->n_arguments; i++)
        json_array_append_new(arguments, json_string(report->arguments[i]));
    for (size_t i = 0; i < report->n_environment_variables; i++)
        json_put_text(environment, report->environment_variables[i].name,
                      report->environment_variables[i].value, VALUE_LIMIT);
    json_put(process, "arguments", arguments);
    json_put_text(process, "cwd", report->work_directory, VALUE_LIMIT);
    json_put(process, "environment", environment);
    return process;
}

static json_t *render_crash(const struct crash_report *report) {
    const struct report_diagnosis *diagnosis = &report->diagnosis;
    json_t *crash = json_object();
    json_put_text(crash, "kind", diagnosis->kind, VALUE_LIMIT);
    json_put_text(crash, "detail", diagnosis->detail, VALUE_LIMIT);
    if (diagnosis->has_fault_address)
        json_put_address(crash, "fault_address", diagnosis->fault_address);
    json_put_text(crash, "fault", diagnosis->fault, VALUE_LIMIT);
    json_put_text(crash, "abort_message", report->abort_text, VALUE_LIMIT);
    json_put_text(crash, "exception_type", report->exception_type, VALUE_LIMIT);
    json_put_text(crash, "exception_what", report->exception_what, VALUE_LIMIT);
    json_put_text(crash, "release_source", report->release_source, VALUE_LIMIT);
    if (report->snapshot->pause)
        json_object_set_new(crash, "pause_ms", json_real((double)report->snapshot->pause / 1e6));
    json_put_text(crash, "equal_crashes_before", report->context->suppressed, VALUE_LIMIT);
    json_put_text(crash, "incomplete", report->damage, VALUE_LIMIT);
    return crash;
}

json_t *contexts_render(const struct crash_report *report) {
    char span[17];
    json_t *contexts = json_object();
    json_put(contexts, "os", render_os(report->context));
    json_put(contexts, "device", render_device(report));
    json_put(contexts, "runtime", render_runtime(report));
    json_put(contexts, "app", render_app(report));
    /* No trace is known: one of the crash's own lets logs be linked to it. */
    snprintf(span, sizeof span, "%.16s", report->event_id);
    json_put(
        contexts, "trace",
        json_pack("{ss ss ss}", "type", "trace", "trace_id", report->event_id, "span_id", span));
    json_put(contexts, "process", render_process(report));
    json_put(contexts, "crash", render_crash(report));
    told_add_contexts(report, contexts);
    return contexts;
}
