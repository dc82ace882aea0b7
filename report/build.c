/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/hex.h"
#include "base/text.h"
#include "report/arch_x86_64.h"
#include "report/debugid.h"
#include "report/diagnose.h"
#include "report/fingerprint.h"
#include "report/origin.h"
#include "report/private.h"
#include "report/remedy.h"
#include "report/report.h"
#include "report/scrub.h"
#include "report/signals.h"
#include "report/tags.h"
#include "report/told.h"
#include "report/vars.h"
#include "symbolizer/demangle.h"

enum { TEXT_MAX = 8192, SANITIZER_MAX = 64 * 1024, NAME_MAX_BYTES = 1024, PATH_MAX_BYTES = 4096 };

BASE_DEFINE_CLEANUP(scrubber_free, struct scrubber *, scrubber_free);
BASE_DEFINE_CLEANUP(report_free, struct crash_report *, report_free);

/* Replaces *text by its clean form. */
static int clean_in_place(const struct scrubber *scrubber, char **text, size_t limit) {
    char *clean;
    if (!*text)
        return 0;
    int r = scrub_keep(scrubber, *text, limit, &clean);
    if (r < 0)
        return r;
    free(*text);
    *text = clean ? clean : strdup("");
    return *text ? 0 : -ENOMEM;
}

static int take_identity(struct crash_report *report, const struct scrubber *scrubber) {
    const struct snapshot *snapshot = report->snapshot;
    const struct report_context *context = report->context;
    static const uint64_t MINUTE = UINT64_C(60000000000);

    snprintf(report->event_id, sizeof report->event_id, "%s", context->event_id);
    /* The process's clock is believed as long as it does not contradict ours. */
    report->time = snapshot->time;
    if (!report->time || (context->time && (report->time > context->time + MINUTE ||
                                            report->time + MINUTE < context->time)))
        report->time = context->time ? context->time : snapshot->time;
    report->pid = context->identified ? context->pid : snapshot->process.pid;
    report->uid = context->identified ? context->uid : snapshot->process.uid;
    report->signal = snapshot->signal.number;
    report->signal_name = signals_name(report->signal);
    report->code_name = signals_code_name(snapshot->signal.number, snapshot->signal.code);

    const char *exe = context->identified && context->exe ? context->exe : snapshot->process.exe;
    int r = scrub_keep(scrubber, exe, PATH_MAX_BYTES, &report->exe);
    if (r < 0)
        return r;
    if (report->exe && text_ends_with(report->exe, " (deleted)"))
        report->exe[strlen(report->exe) - strlen(" (deleted)")] = '\0';
    const char *program = report->exe ? text_basename(report->exe) : snapshot->process.comm;
    report->program = text_clean(text_empty(program) ? "unknown" : program, 200);
    if (!report->program)
        return -ENOMEM;
    r = scrub_keep(scrubber, context->release, 250, &report->release);
    if (r == 0)
        r = scrub_keep(scrubber, context->release_source, 64, &report->release_source);
    if (r == 0)
        r = scrub_keep(scrubber, context->environment, 64, &report->environment);
    return r;
}

static int take_modules(struct crash_report *report) {
    const struct snapshot *snapshot = report->snapshot;
    report->modules =
        calloc(snapshot->n_modules ? snapshot->n_modules : 1, sizeof *report->modules);
    if (!report->modules)
        return -ENOMEM;
    report->n_modules = snapshot->n_modules;
    for (size_t i = 0; i < snapshot->n_modules; i++) {
        const struct snapshot_module *from = &snapshot->modules[i];
        struct report_module *module = &report->modules[i];
        *module = (struct report_module){
            .path = text_clean(from->path, PATH_MAX_BYTES),
            .base = from->base,
            .end = from->end,
            .in_app = origin_module_in_app(from->path, report->exe),
        };
        if (!module->path)
            return -ENOMEM;
        hex_encode(from->build_id, from->build_id_size, module->code_id);
        debug_id(from->build_id, from->build_id_size, module->debug_id);
    }
    return 0;
}

/* After the walk, which opens modules as frames need them. */
static void describe_modules(struct crash_report *report, struct walk *walk) {
    for (size_t i = 0; i < report->n_modules; i++) {
        struct report_module *module = &report->modules[i];
        if (!walk)
            continue;
        struct walk_module found = walk_module(walk, i);
        module->symbols = found.symbols;
        module->debug_file = found.debug_file;
        module->problem = found.problem;
        module->vmaddr = found.vmaddr;
        if (!module->debug_id[0] && found.text_id)
            debug_id(found.text_id, 16, module->debug_id);
    }
}

static int module_index(const struct snapshot *snapshot, uint64_t address) {
    const struct snapshot_module *module = snapshot_module_at(snapshot, address);
    return module ? (int)(module - snapshot->modules) : -1;
}

/* What can be said of a thread without opening a single file. */
static int bare_stack(const struct snapshot *snapshot, const struct snapshot_thread *thread,
                      struct stack *ret) {
    if (!(thread->known & 1u << SNAPSHOT_REGISTER_RIP))
        return -ENODATA;
    struct frame *frame = calloc(1, sizeof *frame);
    if (!frame)
        return -ENOMEM;
    frame->pc = frame->lookup = thread->registers[SNAPSHOT_REGISTER_RIP];
    frame->interrupted = true;
    frame->module = module_index(snapshot, frame->pc);
    if (frame->module >= 0)
        frame->offset = frame->pc - snapshot->modules[frame->module].bias;
    *ret = (struct stack){.frames = frame, .n_frames = 1, .ended = "not unwound"};
    return 0;
}

static int clean_frames(const struct scrubber *scrubber, struct stack *stack) {
    int r = 0;
    for (size_t i = 0; r == 0 && i < stack->n_frames; i++) {
        struct frame *frame = &stack->frames[i];
        for (size_t j = 0; r == 0 && j < frame->source.n_lines; j++)
            r = clean_in_place(scrubber, &frame->source.lines[j], NAME_MAX_BYTES);
        /* Names come from files that anybody may have written. */
        char **names[] = {&frame->function, &frame->raw_function, &frame->symbol, &frame->path,
                          &frame->found};
        for (size_t j = 0; j < sizeof names / sizeof *names; j++) {
            if (!*names[j])
                continue;
            char *clean = text_clean(*names[j], NAME_MAX_BYTES);
            if (!clean)
                return -ENOMEM;
            free(*names[j]);
            *names[j] = clean;
        }
    }
    for (size_t i = 0; r == 0 && i < stack->n_frames; i++)
        r = vars_clean(scrubber, &stack->frames[i]);
    return r;
}

static const char *state_name(const char *letter) {
    switch (*letter) {
    case 'R':
        return "Running";
    case 'S':
        return "Sleeping";
    case 'D':
        return "Waiting";
    case 'T':
    case 't':
        return "Stopped";
    case 'Z':
    case 'X':
        return "Dead";
    default:
        return NULL;
    }
}

static bool same_stack(const struct stack *a, const struct stack *b) {
    if (a->n_frames != b->n_frames || a->n_frames == 0)
        return false;
    for (size_t i = 0; i < a->n_frames; i++)
        if (a->frames[i].pc != b->frames[i].pc)
            return false;
    return true;
}

static int find_same_stack(const struct crash_report *report, size_t index) {
    enum { LOOK_BACK = 64 };
    size_t seen = 0;
    /* The distinct ones are few when the threads are many. */
    for (size_t i = 1; i < index && seen < LOOK_BACK; i++) {
        if (report->threads[i].same_stack_as >= 0 || report->threads[i].missing)
            continue;
        seen++;
        if (same_stack(&report->threads[i].stack, &report->threads[index].stack))
            return (int)i;
    }
    return -1;
}

static int take_thread(struct crash_report *report, struct walk *walk,
                       const struct scrubber *scrubber, size_t index) {
    const struct snapshot *snapshot = report->snapshot;
    const struct snapshot_thread *from = &snapshot->threads[index];
    struct report_thread *thread = &report->threads[index];

    thread->tid = from->tid;
    thread->crashed = from->crashed;
    thread->main = from->tid == snapshot->process.pid;
    thread->state = state_name(from->state);
    thread->same_stack_as = -1;
    thread->name = text_clean(from->name, 64);
    if (!thread->name)
        return -ENOMEM;
    int r =
        walk ? walk_stack(walk, index, &thread->stack) : bare_stack(snapshot, from, &thread->stack);
    if (r == -ENODATA) {
        thread->missing =
            text_empty(from->missing) ? "its registers were not captured" : from->missing;
        return 0;
    }
    if (r < 0)
        return r;
    if (index > 0)
        thread->same_stack_as = find_same_stack(report, index);
    r = clean_frames(scrubber, &thread->stack);
    if (r < 0)
        return r;
    thread->in_app =
        calloc(thread->stack.n_frames ? thread->stack.n_frames : 1, sizeof *thread->in_app);
    if (!thread->in_app)
        return -ENOMEM;
    for (size_t i = 0; i < thread->stack.n_frames; i++) {
        const struct frame *frame = &thread->stack.frames[i];
        thread->in_app[i] = origin_frame_in_app(snapshot, frame, report->exe) &&
                            !origin_called_by_runtime(&thread->stack, i);
        if (frame->module >= 0)
            report->modules[frame->module].used = true;
    }
    return 0;
}

static int take_threads(struct crash_report *report, struct walk *walk,
                        const struct scrubber *scrubber) {
    const struct snapshot *snapshot = report->snapshot;
    report->threads =
        calloc(snapshot->n_threads ? snapshot->n_threads : 1, sizeof *report->threads);
    if (!report->threads)
        return -ENOMEM;
    report->n_threads = snapshot->n_threads;
    struct variable_policy policy = vars_policy(report), none = {0};
    int r = 0;
    if (walk)
        walk_set_variables(walk, &policy);
    for (size_t i = 0; r == 0 && i < snapshot->n_threads; i++)
        r = take_thread(report, walk, scrubber, i);
    if (walk)
        walk_set_variables(walk, &none);
    return r;
}

static int take_registers(struct crash_report *report) {
    const struct snapshot_thread *thread = snapshot_crashed_thread(report->snapshot);
    report->registers = calloc(SNAPSHOT_REGISTER_COUNT, sizeof *report->registers);
    if (!report->registers)
        return -ENOMEM;
    for (int i = 0; thread && i < SNAPSHOT_REGISTER_COUNT; i++)
        if (thread->known & UINT64_C(1) << i)
            report->registers[report->n_registers++] =
                (struct report_register){ARCH_REGISTER_NAMES[i], thread->registers[i]};
    return 0;
}

static int take_diagnosis(struct crash_report *report, struct walk *walk,
                          const struct scrubber *scrubber) {
    static const struct stack empty;
    const struct snapshot *snapshot = report->snapshot;
    struct diagnose_input input = {
        .snapshot = snapshot,
        .walk = walk,
        .stack = report->n_threads ? &report->threads[0].stack : &empty,
        .self = snapshot->process.pid,
    };
    struct report_diagnosis *diagnosis = &report->diagnosis;
    int r = diagnose(&input, diagnosis);
    if (r == 0)
        r = clean_in_place(scrubber, &diagnosis->type, 200);
    if (r == 0)
        r = clean_in_place(scrubber, &diagnosis->value, TEXT_MAX);
    if (r == 0)
        r = clean_in_place(scrubber, &diagnosis->detail, TEXT_MAX);
    if (r == 0)
        r = clean_in_place(scrubber, &diagnosis->sent_by_name, 64);
    if (r == 0)
        r = scrub_keep(scrubber, snapshot->abort_text, TEXT_MAX, &report->abort_text);
    if (r == 0)
        r = scrub_keep(scrubber, snapshot->sanitizer.name, 64, &report->sanitizer);
    if (r == 0)
        r = scrub_keep(scrubber, snapshot->sanitizer.text, SANITIZER_MAX, &report->sanitizer_text);
    if (r == 0)
        r = scrub_keep(scrubber, snapshot->exception.what, TEXT_MAX, &report->exception_what);
    if (r == 0 && !text_empty(snapshot->exception.type)) {
        BASE_CLEANUP(free)
        char *type = demangle_type(snapshot->exception.type);
        r = type ? scrub_keep(scrubber, type, 256, &report->exception_type) : -ENOMEM;
    }
    return r;
}

/* By the frames of the crashed thread that are the application's, or all if none is. */
static enum report_symbols judge_symbols(const struct crash_report *report) {
    size_t wanted = 0, named = 0, with_line = 0;
    if (report->n_threads == 0)
        return REPORT_SYMBOLS_NONE;
    const struct report_thread *thread = &report->threads[0];
    bool any_in_app = false;
    for (size_t i = 0; thread->in_app && i < thread->stack.n_frames; i++)
        any_in_app |= thread->in_app[i];
    for (size_t i = 0; thread->in_app && i < thread->stack.n_frames; i++) {
        if (any_in_app && !thread->in_app[i])
            continue;
        wanted++;
        named += thread->stack.frames[i].function != NULL;
        with_line += thread->stack.frames[i].line != 0;
    }
    if (wanted && with_line == wanted)
        return REPORT_SYMBOLS_FULL;
    return named ? REPORT_SYMBOLS_PARTIAL : REPORT_SYMBOLS_NONE;
}

static int describe_damage(struct crash_report *report) {
    const struct snapshot *snapshot = report->snapshot;
    const char *parts[] = {
        report->context->damage,
        text_empty(snapshot->damage) ? NULL : snapshot->damage,
        text_empty(snapshot->note) ? NULL : snapshot->note,
    };
    char *all = NULL;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        char *longer;
        if (!parts[i])
            continue;
        if (asprintf(&longer, "%s%s%s", all ? all : "", all ? "; " : "", parts[i]) < 0) {
            free(all);
            return -ENOMEM;
        }
        free(all);
        all = longer;
    }
    if (all) {
        report->damage = text_clean(all, 1000);
        free(all);
        if (!report->damage)
            return -ENOMEM;
    }
    return 0;
}

int report_build(const struct snapshot *snapshot, struct walk *walk,
                 const struct report_context *context, struct crash_report **ret) {
    BASE_CLEANUP(report_free)
    struct crash_report *report = calloc(1, sizeof *report);
    BASE_CLEANUP(scrubber_free)
    struct scrubber *scrubber = NULL;

    if (!report)
        return -ENOMEM;
    report->context = context;
    report->snapshot = snapshot;
    report->culprit = -1;
    int r = scrubber_new(&scrubber);
    if (r == 0)
        r = take_identity(report, scrubber);
    if (r == 0)
        r = take_modules(report);
    if (r == 0)
        r = take_threads(report, walk, scrubber);
    if (r == 0)
        r = take_registers(report);
    if (r == 0)
        r = take_diagnosis(report, walk, scrubber);
    if (r == 0)
        r = private_take(report, scrubber);
    if (r == 0)
        r = told_take(report, scrubber);
    if (r == 0)
        r = describe_damage(report);
    if (r < 0)
        return r;
    describe_modules(report, walk);
    r = walk ? remedies_find(report, walk) : 0;
    if (r < 0)
        return r;
    if (report->n_threads)
        report->culprit = origin_culprit(snapshot, &report->threads[0].stack);
    report->symbols = judge_symbols(report);
    r = fingerprint_make(report);
    if (r == 0)
        r = tags_make(report, scrubber);
    if (r < 0)
        return r;
    *ret = TAKE_POINTER(report);
    return 0;
}

struct crash_report *report_free(struct crash_report *report) {
    if (!report)
        return NULL;
    for (size_t i = 0; i < report->n_threads; i++) {
        free(report->threads[i].name);
        free(report->threads[i].in_app);
        stack_free(&report->threads[i].stack);
    }
    for (size_t i = 0; i < report->n_fingerprint; i++)
        free(report->fingerprint[i]);
    tags_clear(report);
    diagnosis_clear(&report->diagnosis);
    free(report->fingerprint);
    free(report->threads);
    free(report->registers);
    for (size_t i = 0; i < report->n_modules; i++) {
        free(report->modules[i].path);
        free(report->modules[i].remedy);
    }
    free(report->modules);
    free(report->program);
    free(report->exe);
    free(report->release);
    free(report->release_source);
    free(report->environment);
    free(report->abort_text);
    free(report->sanitizer);
    free(report->sanitizer_text);
    free(report->exception_type);
    free(report->exception_what);
    private_clear(report);
    told_clear(report);
    free(report->damage);
    free(report);
    return NULL;
}
