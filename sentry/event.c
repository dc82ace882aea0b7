/* SPDX-License-Identifier: MIT */
#include "sentry/event.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "sentry/contexts.h"
#include "sentry/envelope.h"
#include "sentry/json.h"
#include "sentry/stacktrace.h"
#include "sentry/told.h"

enum { SANITIZER_MAX = 64 * 1024 };

/* What is left out of an event that is too large, one step after the other. */
enum cut {
    CUT_NOTHING,
    CUT_VARIABLES_OF_OTHERS,
    CUT_SOURCE_OF_OTHERS,
    CUT_EQUAL_STACKS,
    CUT_OTHERS_TO_20_FRAMES,
    CUT_OTHERS_TO_5_FRAMES,
    CUT_STACKS_OF_OTHERS,
    CUT_OTHERS,
    CUT_IMAGES,
    CUT_STEPS,
};

static int find_name(const char *const *names, size_t n, const char *name) {
    for (size_t i = 0; i < n; i++)
        if (strcmp(names[i], name) == 0)
            return (int)i;
    return -1;
}

int event_server_parse(const char *name) {
    static const char *const names[] = {
        [EVENT_SERVER_AUTO] = "auto",
        [EVENT_SERVER_SENTRY] = "sentry",
        [EVENT_SERVER_BUGSINK] = "bugsink",
        [EVENT_SERVER_GLITCHTIP] = "glitchtip",
    };
    if (strcmp(name, "events-only") == 0)
        return EVENT_SERVER_AUTO;
    return find_name(names, sizeof names / sizeof *names, name);
}

int event_symbolication_parse(const char *name) {
    static const char *const names[] = {
        [EVENT_SYMBOLICATION_AUTO] = "auto",
        [EVENT_SYMBOLICATION_CLIENT] = "client",
        [EVENT_SYMBOLICATION_SERVER] = "server",
    };
    return find_name(names, sizeof names / sizeof *names, name);
}

static json_t *render_registers(const struct crash_report *report) {
    json_t *registers = json_object();
    for (size_t i = 0; i < report->n_registers; i++)
        if (!text_ends_with(report->registers[i].name, "_base"))
            json_put_address(registers, report->registers[i].name, report->registers[i].value);
    return registers;
}

static json_t *render_mechanism(const struct crash_report *report) {
    const struct snapshot_signal *signal = &report->snapshot->signal;
    const struct report_diagnosis *diagnosis = &report->diagnosis;
    json_t *mechanism =
        json_pack("{ss sb}", "type", "signalhandler", "handled", report->snapshot->handled);
    if (diagnosis->synthetic)
        json_object_set_new(mechanism, "synthetic", json_true());
    json_put_text(mechanism, "description", diagnosis->detail, 1024);
    json_t *data = json_object();
    if (diagnosis->has_fault_address)
        json_put_address(data, "fault_address", diagnosis->fault_address);
    if (diagnosis->sent_by)
        json_object_set_new(data, "sender_pid", json_integer(diagnosis->sent_by));
    json_put(mechanism, "data", data);
    if (signal->present) {
        json_t *meta = json_pack("{si si ss}", "number", signal->number, "code", signal->code,
                                 "name", report->signal_name);
        json_put_text(meta, "code_name", report->code_name, 64);
        json_put(mechanism, "meta", json_pack("{so}", "signal", meta));
    }
    return mechanism;
}

static json_t *render_exception(const struct crash_report *report,
                                const struct event_options *options, size_t *left_out) {
    const struct report_diagnosis *diagnosis = &report->diagnosis;
    json_t *exception = json_object();
    json_put_text(exception, "type", diagnosis->type, 128);
    json_put_text(exception, "value", diagnosis->value, 8192);
    if (report->n_threads) {
        struct stacktrace_options whole = {.event = options, .source = true, .variables = true};
        json_object_set_new(exception, "thread_id", json_integer(report->threads[0].tid));
        json_t *stack = stacktrace_render(report, &report->threads[0], &whole, left_out);
        if (stack) {
            json_put(stack, "registers", render_registers(report));
            json_object_set_new(exception, "stacktrace", stack);
        }
    }
    json_put(exception, "mechanism", render_mechanism(report));
    return json_pack("{s[o]}", "values", exception);
}

static json_t *render_thread(const struct crash_report *report, size_t index,
                             const struct event_options *options, enum cut cut, size_t *left_out) {
    const struct report_thread *thread = &report->threads[index];
    json_t *object = json_pack("{si sb sb sb}", "id", thread->tid, "crashed", thread->crashed,
                               "current", thread->crashed, "main", thread->main);
    json_put_text(object, "name", thread->name, 64);
    json_put_text(object, "state", thread->crashed ? "Running" : thread->state, 64);
    if (index == 0)
        return object;
    bool equal = cut >= CUT_EQUAL_STACKS && thread->same_stack_as >= 0;
    if (equal) {
        char text[64];
        snprintf(text, sizeof text, "same stack as thread %u",
                 report->threads[thread->same_stack_as].tid);
        json_put_text(object, "state", text, sizeof text);
    } else if (thread->missing) {
        char text[128];
        snprintf(text, sizeof text, "no stack: %s", thread->missing);
        json_put_text(object, "state", text, sizeof text);
    }
    if (equal || cut >= CUT_STACKS_OF_OTHERS)
        return object;
    struct stacktrace_options stack_options = {
        .event = options,
        .source = cut < CUT_SOURCE_OF_OTHERS,
        .variables = cut < CUT_VARIABLES_OF_OTHERS,
        .max_frames = cut >= CUT_OTHERS_TO_5_FRAMES    ? 5
                      : cut >= CUT_OTHERS_TO_20_FRAMES ? 20
                                                       : 0,
    };
    json_t *stack = stacktrace_render(report, thread, &stack_options, left_out);
    if (stack) {
        json_object_set_new(stack, "snapshot", json_true());
        json_object_set_new(object, "stacktrace", stack);
    }
    return object;
}

static json_t *render_threads(const struct crash_report *report,
                              const struct event_options *options, enum cut cut, size_t *left_out) {
    json_t *values = json_array();
    for (size_t i = 0; i < report->n_threads; i++) {
        bool duplicate = false;
        if (i > 0 && cut >= CUT_OTHERS)
            break;
        /* Ids must be unique; a hostile snapshot may repeat one. */
        for (size_t j = 0; j < i && report->n_threads < 4096; j++)
            duplicate |= report->threads[j].tid == report->threads[i].tid;
        if (!duplicate)
            json_array_append_new(values, render_thread(report, i, options, cut, left_out));
    }
    return json_array_size(values) ? json_pack("{so}", "values", values)
                                   : (json_decref(values), NULL);
}

static json_t *render_images(const struct crash_report *report, enum cut cut) {
    json_t *images = json_array();
    uint64_t end = 0;
    for (size_t i = 0; i < report->n_modules; i++) {
        const struct report_module *module = &report->modules[i];
        if (!module->debug_id[0] || module->base < end || (cut >= CUT_IMAGES && !module->used))
            continue;
        end = module->end;
        json_t *image = json_pack("{ss ss sI}", "type", "elf", "debug_id", module->debug_id,
                                  "image_size", (json_int_t)(module->end - module->base));
        json_put_text(image, "code_file", stacktrace_package(module), 1024);
        json_put_text(image, "code_id", module->code_id, 128);
        json_put_address(image, "image_addr", module->base);
        json_put_address(image, "image_vmaddr", module->vmaddr);
        json_put_text(image, "arch", report->snapshot->arch, 32);
        json_put_text(image, "debug_file", module->debug_file, 1024);
        json_array_append_new(images, image);
    }
    return json_array_size(images) ? json_pack("{so}", "images", images)
                                   : (json_decref(images), NULL);
}

static json_t *render_strings(char *const *texts, size_t n) {
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, json_string(texts[i]));
    return list;
}

static json_t *render_fingerprint(const struct crash_report *report,
                                  const struct event_options *options) {
    /* Sentry's own rules are better and its users tune them (SENTRY.md 2.8). */
    if (options->server == EVENT_SERVER_SENTRY)
        return render_strings(report->own_fingerprint, report->n_own_fingerprint);
    return render_strings(report->fingerprint, report->n_fingerprint);
}

static json_t *render_tags(const struct crash_report *report) {
    json_t *tags = json_object();
    for (size_t i = 0; i < report->n_tags; i++)
        json_put_text(tags, report->tags[i].name, report->tags[i].value, 200);
    return tags;
}

/* Without sdk.settings: newer than the schema that strict servers check against. */
static json_t *render_sdk(void) {
    return json_pack("{ss ss}", "name", SENTRY_CLIENT_NAME, "version", CRASHD_VERSION);
}

static json_t *render_extra(const struct crash_report *report, enum cut cut, size_t left_out) {
    static const char *const words[CUT_STEPS] = {
        [CUT_VARIABLES_OF_OTHERS] = "variables of the other threads",
        [CUT_SOURCE_OF_OTHERS] = "source lines of the other threads",
        [CUT_EQUAL_STACKS] = "stacks equal to another thread's",
        [CUT_OTHERS_TO_20_FRAMES] = "frames of other threads beyond the newest 20",
        [CUT_OTHERS_TO_5_FRAMES] = "frames of other threads beyond the newest 5",
        [CUT_STACKS_OF_OTHERS] = "stacks of the other threads",
        [CUT_OTHERS] = "the other threads",
        [CUT_IMAGES] = "images without a frame",
    };
    json_t *extra = json_object(), *list = json_array();
    for (int i = CUT_NOTHING + 1; i <= (int)cut; i++)
        json_array_append_new(list, json_string(words[i]));
    json_put(extra, "left out to keep the event small", list);
    /* Not an attachment: most servers but Sentry's own ignore those. */
    json_put_text(extra, "sanitizer report", report->sanitizer_text, SANITIZER_MAX);
    if (left_out)
        json_object_set_new(extra, "frames left out", json_integer((json_int_t)left_out));
    return extra;
}

static json_t *render(const struct crash_report *report, const struct event_options *options,
                      enum cut cut) {
    const struct report_context *context = report->context;
    char time[CLOCK_RFC3339_SIZE];
    size_t left_out = 0;
    clock_rfc3339(report->time, time);
    json_t *event = json_object();
    json_put_text(event, "event_id", report->event_id, 32);
    json_put_text(event, "timestamp", time, sizeof time);
    json_put_text(event, "platform", "native", 64);
    json_put_text(event, "level", report->snapshot->handled ? "error" : "fatal", 64);
    json_put_text(event, "logger", "crashd", 64);
    json_put_text(event, "transaction", context->unit ? context->unit : report->program, 200);
    json_put_text(event, "server_name", context->server_name, 200);
    json_put_text(event, "release", report->release, 250);
    json_put_text(event, "environment", report->environment, 64);
    json_put(event, "exception", render_exception(report, options, &left_out));
    json_put(event, "threads", render_threads(report, options, cut, &left_out));
    json_put(event, "tags", render_tags(report));
    json_put(event, "fingerprint", render_fingerprint(report, options));
    json_put(event, "contexts", contexts_render(report));
    json_put(event, "debug_meta", render_images(report, cut));
    json_put(event, "user", told_render_user(report));
    json_put(event, "breadcrumbs", told_render_breadcrumbs(report));
    json_put(event, "extra", render_extra(report, cut, left_out));
    json_put(event, "sdk", render_sdk());
    return event;
}

int event_render(const struct crash_report *report, const struct event_options *options,
                 char **json, size_t *size) {
    for (int cut = CUT_NOTHING; cut < CUT_STEPS; cut++) {
        BASE_CLEANUP(json_decref)
        json_t *event = render(report, options, (enum cut)cut);
        char *text = event ? json_dumps(event, JSON_COMPACT) : NULL;
        if (!text)
            return -ENOMEM;
        size_t length = strlen(text);
        if (length <= EVENT_SIZE_MAX || cut == CUT_STEPS - 1) {
            *json = text;
            *size = length;
            return 0;
        }
        free(text);
    }
    return -ENOMEM;
}
