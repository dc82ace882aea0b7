/* SPDX-License-Identifier: MIT */
#include "report/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "report/recursion.h"
#include "report/shortname.h"
#include "report/sourcepath.h"
#include "report/threadgroups.h"
#include "report/toldtext.h"
#include "report/varstext.h"

enum {
    NAME_COLUMN = 45,
    NAME_LONG = 80,
    LINE_COLUMNS = 100,
    DATE_COLUMNS = 26,
    CYCLES_SHOWN = 2,
    SOURCE_BEFORE = 2,
    SOURCE_AFTER = 1,
    SOURCE_FRAMES = 8,
    SANITIZER_LINES = 60,
};

static void print_head(FILE *out, const struct crash_report *report) {
    char head[512], date[64] = "";
    time_t seconds = (time_t)(report->time / 1000000000u);
    struct tm local;
    const struct report_thread *thread = report->n_threads ? &report->threads[0] : NULL;
    bool found = !report->signal && report->sanitizer;
    int used = snprintf(head, sizeof head, "crashd: %s[%u] %s %s", report->program, report->pid,
                        found                       ? "reported by"
                        : report->snapshot->handled ? "handled"
                                                    : "died of",
                        found            ? report->sanitizer
                        : report->signal ? report->signal_name
                                         : "an unknown signal");
    if (report->snapshot->handled && used < (int)sizeof head)
        used += snprintf(head + used, sizeof head - (size_t)used, " by exit(%u)",
                         report->snapshot->exit_status);
    if (thread && !thread->main && used < (int)sizeof head)
        snprintf(head + used, sizeof head - (size_t)used, " in thread \"%s\" (tid %u)",
                 thread->name, thread->tid);
    if (localtime_r(&seconds, &local)) {
        strftime(date, sizeof date, "%Y-%m-%d %H:%M:%S %z", &local);
        /* +0100 to +01:00 */
        size_t length = strlen(date);
        if (length > 5 && length + 1 < sizeof date) {
            memmove(date + length - 1, date + length - 2, 3);
            date[length - 2] = ':';
        }
    }
    fprintf(out, "%-*s %s\n", LINE_COLUMNS - DATE_COLUMNS - 1, head, date);
}

static void format_place(const struct crash_report *report, const struct frame *frame,
                         bool with_column, char *text, size_t size) {
    const char *file = sourcepath_relative(report, frame);
    if (file && frame->line && frame->column && with_column)
        snprintf(text, size, "%s:%u:%u", file, frame->line, frame->column);
    else if (file && frame->line)
        snprintf(text, size, "%s:%u", file, frame->line);
    else if (frame->module >= 0)
        snprintf(text, size, "%s+0x%" PRIx64, text_basename(report->modules[frame->module].path),
                 frame->offset);
    else
        snprintf(text, size, "not in any module");
}

static void print_what(FILE *out, const struct crash_report *report) {
    const struct report_diagnosis *diagnosis = &report->diagnosis;
    if (diagnosis->synthetic)
        fprintf(out, "  %s\n", diagnosis->value);
    else
        fprintf(out, "  %s: %s\n", diagnosis->type, diagnosis->value);
    if (diagnosis->detail)
        fprintf(out, "  %s\n", diagnosis->detail);
    if (report->culprit < 0)
        return;
    const struct frame *frame = &report->threads[0].stack.frames[report->culprit];
    char place[1024];
    format_place(report, frame, false, place, sizeof place);
    if (frame->function)
        fprintf(out, "  in %s, %s\n", frame->function, place);
    else
        fprintf(out, "  in %s\n", place);
}

/* Fewer lines than the event has: a report is read on a terminal. */
static void print_source(FILE *out, const struct frame *frame) {
    if (frame->source.newer)
        fputs("             (not shown: this file is newer than the program)\n", out);
    for (size_t i = 0; i < frame->source.n_lines; i++) {
        unsigned number = frame->source.first + (unsigned)i;
        if (number + SOURCE_BEFORE < frame->line || number > frame->line + SOURCE_AFTER)
            continue;
        fprintf(out, "      %c %4u | %s\n", number == frame->line ? '>' : ' ', number,
                frame->source.lines[i]);
    }
}

static void print_frame(FILE *out, const struct crash_report *report, size_t number,
                        const struct frame *frame, bool with_source) {
    char place[1024], address[32], label[32], usual[1100];
    bool guessed = frame->trust == FRAME_TRUST_SCAN;
    const char *name = frame->raw_function ? frame->raw_function : frame->function;
    if (!name) {
        snprintf(address, sizeof address, "0x%" PRIx64, frame->pc);
        name = frame->trampoline ? "<signal handler called>" : address;
    }
    shortname(name, usual, sizeof usual);
    /* A signature of many templates hides more than it tells. */
    if (strlen(usual) > NAME_LONG && frame->function)
        name = frame->function;
    else
        name = usual;
    format_place(report, frame, true, place, sizeof place);
    snprintf(label, sizeof label, "#%zu%s", number, guessed ? "?" : "");
    fprintf(out, "  %-3s %-*s %s%s%s%s\n", label, NAME_COLUMN - 1, name, place,
            frame->inlined ? "   inlined" : "", frame->tail_call ? "   tail call" : "",
            guessed ? "   (stack scan: may be wrong)" : "");
    if (with_source)
        print_source(out, frame);
    varstext_print(out, frame);
}

static void print_count(FILE *out, uint64_t n) {
    if (n >= 1000)
        print_count(out, n / 1000);
    fprintf(out, n >= 1000 ? ",%03" PRIu64 : "%" PRIu64, n >= 1000 ? n % 1000 : n);
}

static void print_break(FILE *out, const struct stack *stack, size_t index) {
    if (stack->frames[index].after_gap)
        fprintf(out, "      ... frames whose part of the stack was not captured ...\n");
    if (stack->skipped && index == stack->skipped_before) {
        fprintf(out, "      ... ");
        print_count(out, stack->skipped);
        fprintf(out, " more frames ...\n");
    }
}

static void print_fold(FILE *out, const struct stack *stack, const struct recursion *cycle) {
    bool skipped = stack->skipped && stack->skipped_before > cycle->first &&
                   stack->skipped_before <= cycle->end;
    uint64_t times = cycle->times - CYCLES_SHOWN;
    if (skipped)
        times += stack->skipped / cycle->period;
    fprintf(out, "      ... the same %zu frame%s %s", cycle->period, cycle->period == 1 ? "" : "s",
            skipped ? "about " : "");
    print_count(out, times);
    fprintf(out, " more times%s ...\n",
            cycle->gap && !skipped ? ", and others that were not captured" : "");
}

/* The first of the parts that repeat so often that they are folded. */
static struct recursion next_fold(const struct stack *stack, size_t from) {
    for (; from < stack->n_frames; from += RECURSION_STARTS) {
        struct recursion cycle = recursion_find_from(stack, from);
        if (cycle.times > CYCLES_SHOWN + 1)
            return cycle;
    }
    return (struct recursion){.first = SIZE_MAX};
}

static void print_stack(FILE *out, const struct crash_report *report) {
    const struct report_thread *thread = &report->threads[0];
    const struct stack *stack = &thread->stack;
    struct recursion cycle = next_fold(stack, 0);

    fputc('\n', out);
    if (thread->missing) {
        fprintf(out, "  no stack: %s\n", thread->missing);
        return;
    }
    for (size_t i = 0; i < stack->n_frames; i++) {
        if (cycle.period && i == cycle.first + cycle.period * CYCLES_SHOWN) {
            print_fold(out, stack, &cycle);
            i = cycle.end;
            cycle = next_fold(stack, i);
            if (i >= stack->n_frames)
                break;
        }
        print_break(out, stack, i);
        bool with_source = (int)i == report->culprit ||
                           (i < SOURCE_FRAMES && thread->in_app[i] && (int)i > report->culprit);
        print_frame(out, report, i, &stack->frames[i], with_source);
    }
    if (!stack->complete && stack->ended)
        fprintf(out, "      the stack ends here: %s\n", stack->ended);
}

/* Where the memory came from, who else was there. Not its maps of the memory around it. */
static void print_sanitizer(FILE *out, const struct crash_report *report) {
    const char *line = report->sanitizer_text;
    if (!line)
        return;
    fputs("\n  the sanitizer's own words:\n", out);
    for (size_t i = 0; *line && i < SANITIZER_LINES; i++) {
        int length = (int)strcspn(line, "\n");
        if (text_starts_with(line, "SUMMARY: ") || text_starts_with(line, "Shadow bytes"))
            return;
        if (length)
            fprintf(out, "    %.*s\n", length, line);
        line += (size_t)length + (line[length] == '\n');
    }
}

static void print_duration(FILE *out, uint64_t nanoseconds) {
    uint64_t seconds = nanoseconds / 1000000000u;
    if (seconds < 60)
        fprintf(out, "   up %.1f s", (double)nanoseconds / 1e9);
    else if (seconds < 3600)
        fprintf(out, "   up %" PRIu64 " min", seconds / 60);
    else if (seconds < 48 * 3600)
        fprintf(out, "   up %" PRIu64 " h %" PRIu64 " min", seconds / 3600, seconds / 60 % 60);
    else
        fprintf(out, "   up %" PRIu64 " days", seconds / 86400);
}

static void print_facts(FILE *out, const struct crash_report *report) {
    const struct report_context *context = report->context;
    fprintf(out, "\n ");
    if (report->release)
        fprintf(out, " release %s (%s)  ", report->release,
                report->release_source ? report->release_source : "given");
    if (report->environment)
        fprintf(out, " environment %s", report->environment);
    if (context->unit)
        fprintf(out, "   unit %s", context->unit);
    if (context->start_time && report->time > context->start_time)
        print_duration(out, report->time - context->start_time);
    if (report->snapshot->pause)
        fprintf(out, "   pause %.1f ms", (double)report->snapshot->pause / 1e6);
    fputc('\n', out);
}

static void print_module(FILE *out, const struct report_module *module, bool *first) {
    static const char *const words[] = {
        [MODULE_SYMBOLS_UNUSED] = "unused",
        [MODULE_SYMBOLS_NONE] = "none",
        [MODULE_SYMBOLS_ELF] = "names only",
        [MODULE_SYMBOLS_DWARF] = "full",
    };
    const char *start = module->remedy ? "\n         " : ";";
    fprintf(out, "%s %s %s", *first ? "  symbols" : start, text_basename(module->path),
            words[module->symbols]);
    *first = false;
    if (module->problem)
        fprintf(out, " (%s)", module->problem);
    else if (module->symbols < MODULE_SYMBOLS_DWARF && module->code_id[0])
        fprintf(out, " (build-id %.8s...)", module->code_id);
    if (module->remedy)
        fprintf(out, ": %s", module->remedy);
}

static void print_symbols(FILE *out, const struct crash_report *report) {
    enum { SHOWN_MAX = 256 };
    bool first = true;
    /* In the order of the stack: what matters comes first. Each remedy has a line of its own. */
    for (int with_remedy = 0; with_remedy < 2; with_remedy++) {
        bool shown[SHOWN_MAX] = {false};
        for (size_t i = 0; report->n_threads && i < report->threads[0].stack.n_frames; i++) {
            int index = report->threads[0].stack.frames[i].module;
            if (index < 0 || index >= SHOWN_MAX || shown[index])
                continue;
            shown[index] = true;
            const struct report_module *module = &report->modules[index];
            if (module->path[0] != '[' && (module->remedy != NULL) == with_remedy)
                print_module(out, module, &first);
        }
    }
    if (!first)
        fputc('\n', out);
}

int text_render(const struct crash_report *report, char **text, size_t *size) {
    *text = NULL;
    FILE *out = open_memstream(text, size);
    if (!out)
        return -ENOMEM;
    print_head(out, report);
    print_what(out, report);
    if (report->n_threads)
        print_stack(out, report);
    print_sanitizer(out, report);
    toldtext_print(out, report);
    threadgroups_print(out, report);
    print_facts(out, report);
    print_symbols(out, report);
    if (report->damage)
        fprintf(out, "  incomplete: %s\n", report->damage);
    if (fclose(out) == 0)
        return 0;
    free(*text);
    *text = NULL;
    return -ENOMEM;
}
