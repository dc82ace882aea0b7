/* SPDX-License-Identifier: MIT */
#include "symbolizer/functions.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "symbolizer/dwarf/ranges.h"
#include "symbolizer/dwarf/value.h"
#include "symbolizer/scope.h"
#include "symbolizer/units.h"

enum { BLOCKS_LIMIT = 256 };

struct functions {
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
    *ret = functions;
    return 0;
}

struct functions *functions_free(struct functions *functions) {
    if (functions) {
        units_free(&functions->units);
        free(functions);
    }
    return NULL;
}

void code_chain_free(struct code_chain *chain) {
    for (size_t i = 0; i < chain->n; i++)
        free(chain->frames[i].qualified);
    chain->n = 0;
}

struct lookup {
    uint64_t address;
    enum dw_row_choice choice;
    struct code_chain *chain;
};

static bool is_block(unsigned tag) {
    return tag == DW_TAG_lexical_block || tag == DW_TAG_try_block || tag == DW_TAG_catch_block;
}

/* The inlined call directly below parent, or in blocks below it, that holds the address. Blocks of
 * gcc's link-time optimization overlap: the narrowest call of all. Bytes of its range, or 0. */
static uint64_t inlined_call(const struct dw_die *parent, uint64_t address, size_t depth,
                             struct dw_die *ret) {
    struct dw_die child, inner;
    uint64_t best = 0;
    if (depth > BLOCKS_LIMIT || !dw_die_child(parent, &child))
        return 0;
    do {
        bool call = dw_die_tag(&child) == DW_TAG_inlined_subroutine;
        if (!call && !is_block(dw_die_tag(&child)))
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

static void name_frame(const struct dw_die *die, struct code_frame *frame) {
    struct dw_ranges ranges;
    uint64_t low, high;
    frame->id = die->offset;
    dw_die_ranges(die, &ranges);
    if (dw_ranges_next(&ranges, &low, &high))
        frame->low = low;
    frame->name = dw_die_inherited_string(die, DW_AT_name);
    frame->linkage_name = dw_die_inherited_string(die, DW_AT_linkage_name);
    if (!frame->linkage_name)
        frame->linkage_name = dw_die_inherited_string(die, DW_AT_MIPS_linkage_name);
    frame->plain = scope_language_is_plain(die->unit);
    if (!frame->linkage_name && !frame->plain && frame->name)
        frame->qualified = scope_qualified_name(die);
}

static unsigned small_number(const struct dw_die *die, unsigned name) {
    uint64_t value;
    return dw_die_unsigned(die, name, &value) && value <= INT32_MAX ? (unsigned)value : 0;
}

static void call_site(struct unit *unit, const struct dw_die *inlined, struct code_frame *frame) {
    struct dw_lines *lines = unit_lines(unit);
    frame->line = small_number(inlined, DW_AT_call_line);
    frame->column = small_number(inlined, DW_AT_call_column);
    if (lines)
        frame->file = dw_lines_file(lines, small_number(inlined, DW_AT_call_file));
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
    ret->n = 0;
    ret->has_function = false;
    ret->entry = 0;
    ret->comp_dir = NULL;
    struct lookup lookup = {address, choice, ret};
    return units_at(&functions->units, address, visit, &lookup) || ret->n > 0;
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
    return units_at(&functions->units, address, take_die, &search);
}
