/* SPDX-License-Identifier: MIT */
/* walk-dump SNAPSHOT [THREAD [registers|variables]]: the frames of a thread (the crashed one), each
 * a JSON object a line, without variables or with them; or its physical frames with the registers
 * that are known. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "symbolizer/symbolizer.h"
#include "symbolizer/unwind.h"

static int print_registers(struct walk *walk, const struct snapshot_thread *thread) {
    struct cpu start = {.known = (uint32_t)thread->known & ((1u << ARCH_REGISTERS) - 1)};
    struct unwound_stack stack;
    for (unsigned i = 0; i < ARCH_REGISTERS; i++)
        start.value[i] = thread->registers[i];
    int r = unwind_stack(walk, &start, &stack);
    for (size_t i = 0; i < stack.n && r == 0; i++) {
        const struct unwound *frame = &stack.frames[i];
        printf("{\"trust\": %d, \"cfa\": %" PRIu64 ", \"registers\": [", frame->trust, frame->cfa);
        for (unsigned n = 0; n < ARCH_REGISTERS; n++) {
            if (cpu_knows(&frame->cpu, n))
                printf("%s%" PRIu64, n ? ", " : "", frame->cpu.value[n]);
            else
                printf("%snull", n ? ", " : "");
        }
        puts("]}");
    }
    free(stack.frames);
    return r;
}

static bool wants_all(const struct frame *frame, void *data) {
    return true;
}

/* In their order, as two may have one name. */
static json_t *variables_of(const struct frame *frame) {
    static const char *const STATES[] = {"known", "optimized out", "not captured"};
    json_t *list = json_array();
    for (size_t i = 0; i < frame->n_variables; i++) {
        const struct variable *variable = &frame->variables[i];
        json_array_append_new(list,
                              json_pack("{s:s s:s s:s? s:b s:s}", "name", variable->name, "value",
                                        variable->value, "type", variable->type, "argument",
                                        variable->argument, "state", STATES[variable->state]));
    }
    return list;
}

static void print_frame(const struct snapshot *snapshot, const struct frame *frame) {
    static const char *const TRUST[] = {"context", "cfi", "fp", "scan"};
    const char *module = frame->module >= 0 ? snapshot->modules[frame->module].path : "";
    json_t *object = json_pack(
        "{s:I s:s s:b s:b s:b s:b s:b s:s s:I s:s? s:s? s:s? s:s? s:i s:i s:b s:i}", "pc",
        (json_int_t)frame->pc, "trust", TRUST[frame->trust], "interrupted", frame->interrupted,
        "trampoline", frame->trampoline, "inlined", frame->inlined, "after_gap", frame->after_gap,
        "tail_call", frame->tail_call, "module", module, "offset", (json_int_t)frame->offset,
        "function", frame->function, "raw_function", frame->raw_function, "symbol", frame->symbol,
        "path", frame->path, "line", (int)frame->line, "column", (int)frame->column, "symbol_only",
        frame->symbol_only, "source_lines", (int)frame->source.n_lines);
    if (!object) /* a name that is no UTF-8 */
        return;
    json_object_set_new(object, "variables", variables_of(frame));
    json_dumpf(object, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(object);
}

int main(int argc, char **argv) {
    BASE_CLEANUP(free)
    char *data = NULL;
    size_t size;
    struct snapshot *snapshot = NULL;
    struct symbolizer *symbolizer = NULL;
    struct symbolizer_options options = {.source_lines = 2};
    struct walk *walk = NULL;
    struct stack stack;
    int r = argc < 2 ? -EINVAL : io_read_file(AT_FDCWD, argv[1], 64 << 20, &data, &size);
    if (r == 0)
        r = snapshot_read(data, size, &SNAPSHOT_LIMITS_DEFAULT, &snapshot);
    if (r == 0)
        r = symbolizer_new(&options, &symbolizer);
    if (r == 0)
        r = walk_new(symbolizer, snapshot, NULL, 0, &walk);
    bool registers = r == 0 && argc > 3 && strcmp(argv[3], "registers") == 0;
    struct variable_policy policy = {.wants = wants_all};
    if (r == 0 && argc > 3 && !registers)
        walk_set_variables(walk, &policy);
    if (registers)
        r = print_registers(walk, &snapshot->threads[strtoul(argv[2], NULL, 10)]);
    else if (r == 0)
        r = walk_stack(walk, argc > 2 ? strtoul(argv[2], NULL, 10) : 0, &stack);
    if (r == 0 && !registers) {
        for (size_t i = 0; i < stack.n_frames; i++)
            print_frame(snapshot, &stack.frames[i]);
        fprintf(stderr, "complete %d, skipped %" PRIu64 ", ended: %s%s%s\n", stack.complete,
                stack.skipped, stack.ended, *snapshot->damage ? "; damage: " : "",
                snapshot->damage);
        stack_free(&stack);
    }
    for (size_t i = 0; walk && i < snapshot->n_modules; i++) {
        struct walk_module module = walk_module(walk, i);
        if (module.problem)
            fprintf(stderr, "%s: %s\n", snapshot->modules[i].path, module.problem);
    }
    walk_free(walk);
    symbolizer_free(symbolizer);
    snapshot_free(snapshot);
    if (r < 0)
        fprintf(stderr, "walk-dump: %s\n", strerror(-r));
    return r < 0;
}
