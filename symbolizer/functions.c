/* SPDX-License-Identifier: MIT */
#include "symbolizer/functions.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "symbolizer/dwarf/info.h"
#include "symbolizer/dwarf/ranges.h"
#include "symbolizer/dwarf/value.h"
#include "symbolizer/index/index.h"
#include "symbolizer/scope.h"
#include "symbolizer/units.h"

struct functions {
    struct index *index; /* may be NULL */
    bool damaged;        /* the index is */
    struct functions_source source;
    bool read; /* units, if there is debug information */
    struct units units;
};

int functions_new(struct dw_info *info, struct functions **ret) {
    struct functions *functions = calloc(1, sizeof(*functions));
    if (!functions)
        return -ENOMEM;
    int r = units_read(info, &functions->units);
    if (r < 0) {
        free(functions);
        return r;
    }
    functions->read = true;
    *ret = functions;
    return 0;
}

int functions_new_indexed(struct index *index, struct functions_source source,
                          struct functions **ret) {
    struct functions *functions = calloc(1, sizeof(*functions));
    if (!functions) {
        index_close(index);
        return -ENOMEM;
    }
    functions->index = index;
    functions->source = source;
    *ret = functions;
    return 0;
}

/* Without debug information there are no units. */
static struct units *units_of(struct functions *functions) {
    if (!functions->read) {
        functions->read = true;
        struct dw_info *info = functions->source.open(functions->source.data);
        if (info && units_read(info, &functions->units) < 0)
            functions->units = (struct units){0};
    }
    return &functions->units;
}

bool functions_indexed(const struct functions *functions) {
    return functions->index && !functions->damaged;
}

void functions_want_readable(struct functions *functions) {
    if (functions->index)
        functions->index->readable_only = true;
}

struct functions *functions_free(struct functions *functions) {
    if (functions) {
        index_close(functions->index);
        units_free(&functions->units);
        free(functions);
    }
    return NULL;
}

void code_chain_free(struct code_chain *chain) {
    for (size_t i = 0; i < chain->n && chain->owns_qualified; i++)
        free((char *)chain->frames[i].qualified);
    chain->n = 0;
}

struct lookup {
    uint64_t address;
    enum dw_row_choice choice;
    struct code_chain *chain;
};

/* The inlined call directly below parent, or in blocks below it, that holds the address. Blocks of
 * gcc's link-time optimization overlap: the narrowest call of all. Bytes of its range, or 0. */
static uint64_t inlined_call(const struct dw_die *parent, uint64_t address, size_t depth,
                             struct dw_die *ret) {
    struct dw_die child, inner;
    uint64_t best = 0;
    if (depth > FUNCTION_BLOCKS_LIMIT || !dw_die_child(parent, &child))
        return 0;
    do {
        bool call = dw_die_tag(&child) == DW_TAG_inlined_subroutine;
        if (!call && !function_is_block(dw_die_tag(&child)))
            continue;
        uint64_t size = dw_die_covers(&child, address);
        inner = child;
        if (size > 0 && !call)
            size = inlined_call(&child, address, depth + 1, &inner);
        if (size > 0 && (best == 0 || size < best)) {
            best = size;
            *ret = inner;
        }
    } while (dw_die_next_sibling(&child));
    return best;
}

/* The function and the inlined calls in it that hold the address, outermost first. */
static size_t descend(struct lookup *lookup, struct dw_die function,
                      struct dw_die chain[CODE_CHAIN_LIMIT]) {
    size_t n = 0;
    chain[n++] = function;
    while (n < CODE_CHAIN_LIMIT && inlined_call(&chain[n - 1], lookup->address, 0, &chain[n]) > 0)
        n++;
    return n;
}

void function_name(const struct dw_die *die, struct code_frame *frame) {
    frame->name = dw_die_inherited_string(die, DW_AT_name);
    frame->linkage_name = dw_die_inherited_string(die, DW_AT_linkage_name);
    if (!frame->linkage_name)
        frame->linkage_name = dw_die_inherited_string(die, DW_AT_MIPS_linkage_name);
    if (!frame->linkage_name && !frame->plain && frame->name)
        frame->qualified = scope_qualified_name(die);
}

static void name_frame(const struct dw_die *die, struct code_frame *frame) {
    struct dw_ranges ranges;
    uint64_t low, high;
    frame->id = die->offset;
    dw_die_ranges(die, &ranges);
    if (dw_ranges_next(&ranges, &low, &high))
        frame->low = low;
    frame->plain = scope_language_is_plain(die->unit);
    function_name(die, frame);
}

static unsigned small_number(const struct dw_die *die, unsigned name) {
    uint64_t value;
    return dw_die_unsigned(die, name, &value) && value <= INT32_MAX ? (unsigned)value : 0;
}

struct function_call function_call_site(const struct dw_die *inlined) {
    return (struct function_call){
        .file = small_number(inlined, DW_AT_call_file),
        .line = small_number(inlined, DW_AT_call_line),
        .column = small_number(inlined, DW_AT_call_column),
    };
}

static void call_site(struct unit *unit, const struct dw_die *inlined, struct code_frame *frame) {
    struct dw_lines *lines = unit_lines(unit);
    struct function_call call = function_call_site(inlined);
    frame->line = call.line;
    frame->column = call.column;
    if (lines)
        frame->file = dw_lines_file(lines, call.file);
}

static bool line_frame(struct unit *unit, const struct lookup *lookup, struct code_frame *frame) {
    struct dw_lines *lines = unit_lines(unit);
    struct dw_row row;
    if (!lines || !dw_lines_at(lines, lookup->address, lookup->choice, &row))
        return false;
    frame->file = dw_lines_file(lines, row.file);
    frame->line = row.line <= INT32_MAX ? row.line : 0;
    frame->column = row.column;
    frame->discriminator = row.discriminator;
    return true;
}

static bool visit(struct units *units, struct unit *unit, void *data) {
    struct lookup *lookup = data;
    struct code_chain *chain = lookup->chain;
    struct dw_die function;
    uint64_t entry;
    bool found = unit_function_at(units, unit, lookup->address, &function, &entry);
    if (!found && chain->n > 0)
        return false;
    struct code_frame here = {0};
    bool has_line = line_frame(unit, lookup, &here);
    if (!found && !has_line)
        return false;
    chain->comp_dir = dw_unit_comp_dir(unit->unit);
    chain->n = 1;
    chain->frames[0] = here;
    if (!found)
        return false; /* another unit may know the function */
    struct dw_die scopes[CODE_CHAIN_LIMIT];
    chain->n = descend(lookup, function, scopes);
    chain->has_function = true;
    chain->entry = entry;
    for (size_t i = 0; i < chain->n; i++) {
        struct code_frame *frame = &chain->frames[i];
        const struct dw_die *die = &scopes[chain->n - 1 - i];
        *frame = i == 0 ? here : (struct code_frame){0};
        name_frame(die, frame);
        if (i > 0)
            call_site(unit, &scopes[chain->n - i], frame);
    }
    return true;
}

bool functions_lookup(struct functions *functions, uint64_t address, enum dw_row_choice choice,
                      struct code_chain *ret) {
    if (functions->index && !functions->damaged) {
        int r = index_lookup(functions->index, address, choice, ret);
        if (r >= 0)
            return r > 0;
        functions->damaged = true;
        functions->source.damaged(functions->source.data);
    }
    ret->n = 0;
    ret->has_function = false;
    ret->entry = 0;
    ret->comp_dir = NULL;
    ret->owns_qualified = true;
    struct lookup lookup = {address, choice, ret};
    return units_at(units_of(functions), address, visit, &lookup) || ret->n > 0;
}

struct search {
    uint64_t address;
    struct dw_die *ret;
};

static bool take_die(struct units *units, struct unit *unit, void *data) {
    struct search *search = data;
    uint64_t entry;
    return unit_function_at(units, unit, search->address, search->ret, &entry);
}

bool functions_die(struct functions *functions, uint64_t address, struct dw_die *ret) {
    struct search search = {address, ret};
    return units_at(units_of(functions), address, take_die, &search);
}
