/* SPDX-License-Identifier: MIT */
#include "symbolizer/frames.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "symbolizer/demangle.h"
#include "symbolizer/path.h"
#include "symbolizer/source.h"

static void frame_free(struct frame *frame) {
    free(frame->function);
    free(frame->raw_function);
    free(frame->symbol);
    free(frame->path);
    free(frame->found);
    free(frame->comp_dir);
    source_free(&frame->source);
    for (size_t i = 0; i < frame->n_variables; i++) {
        free(frame->variables[i].name);
        free(frame->variables[i].type);
        free(frame->variables[i].value);
    }
    free(frame->variables);
}

void frame_list_cut(struct frame_list *list, size_t n) {
    while (list->n > n)
        frame_free(&list->frames[--list->n]);
}

void frame_list_free(struct frame_list *list) {
    frame_list_cut(list, 0);
    free(list->frames);
    *list = (struct frame_list){0};
}

struct stack stack_free(struct stack *stack) {
    struct frame_list list = {stack->frames, stack->n_frames, stack->n_frames};
    frame_list_free(&list);
    *stack = (struct stack){0};
    return *stack;
}

static struct frame *add(struct frame_list *list, const struct frame *base) {
    if (list->n == list->allocated) {
        size_t n = list->allocated ? list->allocated * 2 : 32;
        struct frame *grown = reallocarray(list->frames, n, sizeof(*grown));
        if (!grown)
            return NULL;
        list->frames = grown;
        list->allocated = n;
    }
    list->frames[list->n] = *base;
    return &list->frames[list->n++];
}

/* symbol: as in a symbol table. readable: what to show if that is not mangled. known: symbol
 * demangled, or itself if it is not mangled; NULL if that is to be found out. */
static int set_names(struct frame *frame, const char *symbol, const char *readable,
                     const char *known) {
    char *full = NULL;
    if (symbol && known)
        full = strcmp(known, symbol) != 0 ? strdup(known) : NULL;
    else if (symbol)
        full = demangle_full(symbol);
    /* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): one of the two is there */
    frame->raw_function = full ? full : strdup(readable ? readable : symbol);
    if (!frame->raw_function)
        return -ENOMEM;
    if (symbol && strcmp(symbol, frame->raw_function) != 0 && !(frame->symbol = strdup(symbol)))
        return -ENOMEM;
    frame->function = demangle_clean(frame->raw_function);
    return frame->function ? 0 : -ENOMEM;
}

static int set_place(const struct frame_context *context, const struct module *module,
                     const char *comp_dir, const struct code_frame *code, struct frame *frame) {
    if (!text_empty(comp_dir) && !(frame->comp_dir = strdup(comp_dir)))
        return -ENOMEM;
    if (text_empty(code->file) || strcmp(code->file, "???") == 0)
        return 0;
    frame->path = path_normalize(comp_dir, code->file);
    if (!frame->path)
        return -ENOMEM;
    frame->line = code->line;
    frame->column = code->column;
    frame->discriminator = code->discriminator;
    struct source_position position = {frame->path, module->file->path,
                                       module->file->status.st_mtim, frame->line};
    if (context->source_lines > 0)
        source_read(context->sources, &position, context->source_lines, &frame->source,
                    &frame->found);
    return 0;
}

static int append_chain(const struct frame_context *context, const struct module *module,
                        const struct code_chain *chain, const struct frame *base,
                        struct frame_list *list) {
    for (size_t i = 0; i < chain->n; i++) {
        const struct code_frame *code = &chain->frames[i];
        struct frame *frame = add(list, base);
        if (!frame)
            return -ENOMEM;
        frame->inlined = i + 1 < chain->n;
        if (!frame->inlined)
            frame->symbol_address = chain->entry;
        int r = set_place(context, module, chain->comp_dir, code, frame);
        const char *readable = code->qualified ? code->qualified : code->name;
        if (r == 0 && (code->linkage_name || readable))
            r = set_names(frame, code->linkage_name, readable, code->full);
        if (r < 0)
            return r;
    }
    return 0;
}

/* Behind the end of what has that name. */
static int append_offset(char **name, uint64_t offset) {
    char *longer;
    if (asprintf(&longer, "%s+0x%" PRIx64, *name, offset) < 0)
        return -ENOMEM;
    free(*name);
    *name = longer;
    return 0;
}

static int name_by_symbol(const struct symbols *symbols, uint64_t address, uint64_t bias,
                          struct frame *frame) {
    char space[SYMBOLS_SPACE];
    struct symbol symbol;
    if (!symbols || !symbols_describe(symbols, address, space, &symbol))
        return 0;
    /* A stripped libc has no name for it, and a wrong one for what stands before. */
    if (frame->trampoline && symbol.address != address)
        return 0;
    frame->symbol_address = symbol.address + bias;
    frame->symbol_only = !frame->path;
    int r = set_names(frame, symbol.name, NULL, NULL);
    if (r < 0 || !symbol.outside)
        return r;
    r = append_offset(&frame->function, address - symbol.address);
    return r < 0 ? r : append_offset(&frame->raw_function, address - symbol.address);
}

int frames_append(const struct frame_context *context, struct module *module,
                  const struct symbols *(*symbols)(void *data), void *data, uint64_t address,
                  const struct frame *base, struct frame_list *list) {
    struct functions *functions =
        module ? module_functions(context->cache, context->source, module) : NULL;
    uint64_t bias = base->lookup - address;
    size_t first = list->n;
    struct code_chain chain;
    int r = 0;
    if (functions && functions_lookup(functions, address, DW_ROW_STATEMENT, &chain)) {
        r = append_chain(context, module, &chain, base, list);
        code_chain_free(&chain);
    } else if (!add(list, base)) {
        r = -ENOMEM;
    }
    if (r < 0)
        return r;
    struct frame *physical = &list->frames[list->n - 1];
    if (list->n > first && physical->symbol_address)
        physical->symbol_address += bias;
    if (!physical->function)
        r = name_by_symbol(symbols(data), address, bias, physical);
    return r;
}
