/* SPDX-License-Identifier: MIT */
#include "sentry/stacktrace.h"

#include <string.h>

#include "base/text.h"
#include "report/sourcepath.h"
#include "sentry/json.h"
#include "sentry/vars.h"

enum { NAME_LIMIT = 256, LINE_LIMIT = 200 };

const char *stacktrace_package(const struct report_module *module) {
    /* The name under which Sentry does not ask for its debug file (SENTRY.md 2.6). */
    return strcmp(module->path, "[vdso]") == 0 ? "linux-gate.so.1" : module->path;
}

static void put_source(json_t *object, const struct frame *frame) {
    const struct frame_source *source = &frame->source;
    if (frame->line < source->first || frame->line - source->first >= source->n_lines)
        return;
    size_t at = frame->line - source->first;
    json_t *before = json_array(), *after = json_array();
    for (size_t i = 0; i < source->n_lines; i++) {
        if (i == at)
            continue;
        BASE_CLEANUP(free)
        char *line = text_clean(source->lines[i], LINE_LIMIT);
        json_array_append_new(i < at ? before : after, json_string(line ? line : ""));
    }
    BASE_CLEANUP(free)
    char *line = text_clean(source->lines[at], LINE_LIMIT);
    json_object_set_new(object, "context_line", json_string(line ? line : ""));
    json_put(object, "pre_context", before);
    json_put(object, "post_context", after);
}

static void put_names(json_t *object, const struct frame *frame) {
    if (!frame->function)
        return;
    json_put_text(object, "function", frame->function, NAME_LIMIT);
    if (frame->raw_function && strcmp(frame->raw_function, frame->function) != 0)
        json_put_text(object, "raw_function", frame->raw_function, NAME_LIMIT);
    if (frame->symbol && !frame->inlined)
        json_put_text(object, "symbol", frame->symbol, NAME_LIMIT);
}

static void put_file(json_t *object, const struct crash_report *report, const struct frame *frame,
                     const struct event_options *options) {
    const char *filename = sourcepath_relative(report, frame);
    if (filename) {
        json_put_text(object, "filename", filename, NAME_LIMIT);
        json_put_text(object, "abs_path", frame->path, NAME_LIMIT);
    } else if (options->server == EVENT_SERVER_BUGSINK && frame->module >= 0) {
        /* Bugsink shows neither package nor address of a frame without a file. */
        json_put_text(object, "filename", text_basename(report->modules[frame->module].path),
                      NAME_LIMIT);
    }
    if (frame->line)
        json_object_set_new(object, "lineno", json_integer(frame->line));
    if (frame->line && frame->column)
        json_object_set_new(object, "colno", json_integer(frame->column));
}

static void put_addresses(json_t *object, const struct crash_report *report,
                          const struct frame *frame, const struct event_options *options) {
    if (frame->module >= 0) {
        const struct report_module *module = &report->modules[frame->module];
        json_put_text(object, "package", stacktrace_package(module), NAME_LIMIT);
        json_put_address(object, "image_addr", module->base);
    }
    if (frame->inlined)
        return;
    if (frame->symbol_address)
        json_put_address(object, "symbol_addr", frame->symbol_address);
    if (options->symbolication != EVENT_SYMBOLICATION_CLIENT || !frame->function)
        json_put_address(object, "instruction_addr", frame->lookup);
}

static json_t *render_frame(const struct crash_report *report, const struct report_thread *thread,
                            size_t index, const struct stacktrace_options *options) {
    const struct frame *frame = &thread->stack.frames[index];
    json_t *object = json_object();
    put_names(object, frame);
    put_file(object, report, frame, options->event);
    put_addresses(object, report, frame, options->event);
    if (options->source)
        put_source(object, frame);
    json_object_set_new(object, "in_app", json_boolean(thread->in_app[index]));
    json_put(object, "vars",
             vars_render(frame, options->variables && index < STACKTRACE_WITH_VARIABLES));
    /* A frame needs one of function, filename and instruction_addr. */
    if (!json_object_get(object, "function") && !json_object_get(object, "filename") &&
        !json_object_get(object, "instruction_addr"))
        json_put_address(object, "instruction_addr", frame->lookup);
    return object;
}

json_t *stacktrace_render(const struct crash_report *report, const struct report_thread *thread,
                          const struct stacktrace_options *options, size_t *left_out) {
    const struct stack *stack = &thread->stack;
    size_t newest = options->max_frames ? options->max_frames : STACKTRACE_NEWEST;
    size_t oldest = options->max_frames ? 0 : STACKTRACE_OLDEST;
    json_t *frames = json_array();

    /* Sentry's order: the caller before the callee. */
    for (size_t i = stack->n_frames; i-- > 0;) {
        if (i >= newest && i + oldest < stack->n_frames) {
            ++*left_out;
            continue;
        }
        if (options->event->symbolication == EVENT_SYMBOLICATION_SERVER && stack->frames[i].inlined)
            continue;
        json_array_append_new(frames, render_frame(report, thread, i, options));
    }
    *left_out += stack->skipped;
    if (json_array_size(frames) == 0) {
        json_decref(frames);
        return NULL;
    }
    return json_pack("{so ss}", "frames", frames, "instruction_addr_adjustment", "none");
}
