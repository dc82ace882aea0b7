/* SPDX-License-Identifier: MIT */
#include "symbolizer/symbolizer.h"

#include <errno.h>
#include <string.h>

#include "base/hex.h"
#include "symbolizer/frames.h"
#include "symbolizer/jumps.h"
#include "symbolizer/kept.h"
#include "symbolizer/unwind.h"
#include "symbolizer/variables.h"

enum { DEFAULT_FRAMES = 4096, DEFAULT_MODULES = 64 };

static const char *const DEFAULT_DIRECTORIES[] = {"/usr/lib/debug", NULL};

struct symbolizer {
    struct symbolizer_options options;
    struct module_cache cache;
};

int symbolizer_new(const struct symbolizer_options *options, struct symbolizer **ret) {
    struct symbolizer *symbolizer = calloc(1, sizeof(*symbolizer));
    if (!symbolizer)
        return -ENOMEM;
    if (options)
        symbolizer->options = *options;
    if (!symbolizer->options.debug_directories)
        symbolizer->options.debug_directories = DEFAULT_DIRECTORIES;
    if (symbolizer->options.max_frames == 0)
        symbolizer->options.max_frames = DEFAULT_FRAMES;
    if (symbolizer->options.max_cached_modules == 0)
        symbolizer->options.max_cached_modules = DEFAULT_MODULES;
    unwinder_prepare();
    symbolizer->cache.debug_directories = symbolizer->options.debug_directories;
    symbolizer->cache.indexes = symbolizer->options.indexes;
    symbolizer->cache.limit = symbolizer->options.max_cached_modules;
    *ret = symbolizer;
    return 0;
}

struct symbolizer *symbolizer_free(struct symbolizer *symbolizer) {
    if (symbolizer) {
        module_cache_free(&symbolizer->cache);
        free(symbolizer);
    }
    return NULL;
}

void symbolizer_look_again(struct symbolizer *symbolizer) {
    module_cache_look_again(&symbolizer->cache);
}

int symbolizer_build_index(struct symbolizer *symbolizer, const struct walk_file *files,
                           size_t n_files, const char *path, const char *build_id, int fd,
                           uint64_t limit) {
    struct file_source source = {files, n_files};
    struct module *module;
    uint8_t id[64];
    size_t size = hex_decode(build_id, id, sizeof(id));
    if (size == 0)
        return -EINVAL;
    int r = module_acquire(&symbolizer->cache, &source, path, id, size, &module);
    for (int debug = 0; r < 0 && debug <= 1; debug++)
        r = module_acquire_by_build_id(&symbolizer->cache, &source, id, size, debug, &module);
    if (r < 0)
        return r;
    r = module_build_index(&symbolizer->cache, &source, module, fd, limit);
    module_release(&symbolizer->cache, module);
    return r;
}

void symbolizer_configure(struct symbolizer *symbolizer, struct walk *walk) {
    walk->cache = &symbolizer->cache;
    walk->max_frames = symbolizer->options.max_frames;
    walk->source_lines = symbolizer->options.source_lines;
}

struct place {
    struct walk *walk;
    int module;
};

static const struct symbols *place_symbols(void *data) {
    const struct place *place = data;
    return place->module < 0 ? NULL : walk_symbols(place->walk, (size_t)place->module);
}

/* The frames of base.lookup; *ret is its module's, NULL if that is not to be had. */
static int append_place(struct walk *walk, struct frame base, struct module **ret,
                        struct frame_list *list) {
    struct frame_context context = {walk->cache, &walk->source, &walk->sources,
                                    walk->budget.sourced > 0 ? walk->source_lines : 0};
    walk->budget.sourced -= walk->budget.sourced > 0;
    base.module = walk_module_at(walk, base.lookup);
    struct module *module = NULL;
    bool named = walk->budget.symbolized > 0;
    walk->budget.symbolized -= named;
    if (base.module >= 0) {
        base.offset = base.lookup - walk->snapshot->modules[base.module].bias;
        walk->entries[base.module].used = true;
        module = named ? walk_names(walk, (size_t)base.module) : NULL;
    }
    struct place place = {walk, named ? base.module : -1};
    /* Where a wild jump ended there is no function, whatever symbol comes last before it. */
    if (!walk_executable(walk, base.lookup)) {
        module = NULL;
        place.module = -1;
    }
    *ret = module;
    return frames_append(&context, module, place_symbols, &place,
                         base.module < 0 ? base.lookup : base.offset, &base, list);
}

/* May one more frame have its variables read? */
static bool describes(struct walk *walk) {
    if (!walk->variables.wants || walk->budget.described == 0)
        return false;
    walk->budget.described--;
    return true;
}

/* stack->frames[index + 1], where it is there, is the caller. */
static int append_frames(struct walk *walk, const struct unwound_stack *stack, size_t index,
                         struct frame_list *list) {
    const struct unwound *unwound = &stack->frames[index];
    struct frame base = {
        .pc = unwound->cpu.value[ARCH_PC],
        .lookup = position_lookup(unwound),
        .trust = unwound->trust,
        .interrupted = unwound->interrupted,
        .trampoline = unwound->trampoline,
        .after_gap = unwound->after_gap,
    };
    size_t first = list->n;
    struct module *module;
    int r = append_place(walk, base, &module, list);
    if (r == 0 && module && describes(walk))
        r = variables_read(walk, stack, index, &list->frames[first], list->n - first);
    return r;
}

/* Between a frame, whose physical function is the list's last, and its caller. */
static int append_tail_calls(struct walk *walk, const struct unwound_stack *stack, size_t index,
                             struct frame_list *list) {
    const struct frame *function = &list->frames[list->n - 1];
    struct tailcalls jumps;
    if (walk->budget.symbolized == 0)
        return 0;
    jumps_find(walk, stack, index, function->module, function->symbol_address, &jumps);
    for (size_t i = 0; i < jumps.n; i++) {
        struct frame base = {.pc = jumps.pc[i],
                             .lookup = jumps.pc[i] - 1,
                             .trust = FRAME_TRUST_CFI,
                             .tail_call = true};
        struct module *opened;
        size_t first = list->n;
        int r = append_place(walk, base, &opened, list);
        if (r < 0)
            return r;
        /* As gdb shows it: where the jump stands, not what that was inlined into. */
        frame_list_cut(list, first + 1);
        list->frames[first].inlined = false;
        if (opened && describes(walk))
            r = variables_of_jump(walk, stack, index, &jumps, i, &list->frames[first]);
        if (r < 0)
            return r;
    }
    return 0;
}

/* The newest frames and the oldest ones; what a runaway recursion has between is counted. */
static int symbolize(struct walk *walk, const struct unwound_stack *stack, struct frame_list *list,
                     struct stack *ret) {
    size_t reserve = walk->max_frames / 4;
    int r = 0;
    for (size_t i = 0; i < stack->n && r == 0; i++) {
        size_t left = stack->n - i;
        if (left > reserve && list->n + reserve >= walk->max_frames) {
            ret->skipped = left - reserve;
            ret->skipped_before = list->n;
            i += ret->skipped;
        }
        /* The oldest may have more inlined ones than was reckoned with. */
        if (list->n >= 2 * walk->max_frames) {
            ret->skipped += stack->n - i;
            break;
        }
        r = append_frames(walk, stack, i, list);
        if (r == 0 && left > 1)
            r = append_tail_calls(walk, stack, i, list);
    }
    return r;
}

int walk_stack(struct walk *walk, size_t thread, struct stack *ret) {
    *ret = (struct stack){0};
    if (thread >= walk->snapshot->n_threads)
        return -ENODATA;
    const struct snapshot_thread *from = &walk->snapshot->threads[thread];
    struct cpu start = {0};
    for (unsigned i = 0; i < ARCH_REGISTERS; i++)
        if (from->known >> i & 1)
            cpu_set(&start, i, from->registers[i]);
    if (!cpu_knows(&start, ARCH_PC) && !cpu_knows(&start, ARCH_SP))
        return -ENODATA;
    struct unwound_stack stack;
    struct frame_list list = {0};
    int r = unwind_stack(walk, &start, &stack);
    stack.vectors = from->vectors;
    if (from->known >> SNAPSHOT_REGISTER_FS_BASE & 1)
        stack.thread_pointer = from->registers[SNAPSHOT_REGISTER_FS_BASE];
    if (r == 0 && walk->variables.wants)
        kept_registers(walk, &stack);
    if (r == 0)
        r = symbolize(walk, &stack, &list, ret);
    free(stack.frames);
    if (r < 0) {
        frame_list_free(&list);
        *ret = (struct stack){0};
        return r;
    }
    ret->frames = list.frames;
    ret->n_frames = list.n;
    ret->complete = stack.complete;
    ret->ended = stack.ended;
    return 0;
}
