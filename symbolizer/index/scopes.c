/* SPDX-License-Identifier: MIT */
#include "symbolizer/index/scopes.h"

#include <errno.h>
#include <stdlib.h>

#include "base/grow.h"
#include "symbolizer/dwarf/ranges.h"
#include "symbolizer/functions.h"

enum { STACK_LIMIT = 1024 };

static int spend(struct index_scopes *scopes, size_t steps) {
    if (*scopes->budget < steps)
        return -E2BIG;
    *scopes->budget -= steps;
    return 0;
}

static void clear(struct index_scopes *scopes) {
    free(scopes->scopes);
    free(scopes->ranges);
    free(scopes->segments);
    *scopes = (struct index_scopes){.budget = scopes->budget};
}

void index_scopes_free(struct index_scopes *scopes) {
    clear(scopes);
}

static int add_ranges(struct index_scopes *scopes, const struct dw_die *die, uint32_t scope,
                      uint64_t *first) {
    struct dw_ranges at;
    uint64_t low, high;
    bool any = false;
    dw_die_ranges(die, &at);
    while (dw_ranges_next(&at, &low, &high)) {
        if (!any)
            *first = low;
        any = true;
        struct index_scope_range *grown = grow(scopes->ranges, scopes->n_ranges, sizeof(*grown));
        if (!grown)
            return -ENOMEM;
        scopes->ranges = grown;
        grown[scopes->n_ranges++] = (struct index_scope_range){low, high, scope};
        int r = spend(scopes, 1);
        if (r < 0)
            return r;
    }
    return any;
}

/* 1 if the scope may hold addresses and others. */
static int add_scope(struct index_scopes *scopes, const struct dw_die *die, uint32_t parent) {
    struct index_scope *grown = grow(scopes->scopes, scopes->n_scopes, sizeof(*grown));
    if (!grown)
        return -ENOMEM;
    scopes->scopes = grown;
    uint32_t number = (uint32_t)scopes->n_scopes;
    const struct index_scope *outer = &grown[parent];
    bool is_block = dw_die_tag(die) != DW_TAG_inlined_subroutine;
    struct index_scope scope = {
        .die = *die,
        .parent = parent,
        .call = outer->is_block ? outer->call : parent,
        .blocks = is_block ? outer->blocks + 1 : 0,
        .is_block = is_block,
    };
    if (scope.blocks > FUNCTION_BLOCKS_LIMIT)
        return 0;
    int r = add_ranges(scopes, die, number, &scope.low);
    if (r > 0)
        scopes->scopes[scopes->n_scopes++] = scope;
    return r;
}

static int collect(struct index_scopes *scopes) {
    struct dw_die stack[STACK_LIMIT];
    uint32_t holders[STACK_LIMIT + 1] = {0};
    size_t depth = 0;
    if (!dw_die_child(&scopes->function, &stack[0]))
        return 0;
    for (;;) {
        struct dw_die *die = &stack[depth];
        int r = spend(scopes, 1);
        if (r == 0 &&
            (dw_die_tag(die) == DW_TAG_inlined_subroutine || function_is_block(dw_die_tag(die))))
            r = add_scope(scopes, die, holders[depth]);
        if (r < 0)
            return r;
        if (r > 0 && depth + 1 < STACK_LIMIT && dw_die_child(die, &stack[depth + 1])) {
            holders[++depth] = (uint32_t)scopes->n_scopes - 1;
            continue;
        }
        while (!dw_die_next_sibling(&stack[depth]))
            if (depth-- == 0)
                return 0;
    }
}

static int compare_ranges(const void *a, const void *b) {
    const struct index_scope_range *x = a, *y = b;
    if (x->low != y->low)
        return x->low < y->low ? -1 : 1;
    return x->scope < y->scope ? -1 : x->scope > y->scope;
}

static int compare_addresses(const void *a, const void *b) {
    const uint64_t *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

/* As a lookup descends: the narrowest call inside of the one before, directly or in blocks that
 * hold the address. active is in the order of the entries, so what is inside of a scope follows it.
 */
static uint32_t innermost(struct index_scopes *scopes, const struct index_scope_range *active,
                          size_t n) {
    uint32_t at = 0;
    size_t first = 0;
    for (size_t calls = 1; calls < CODE_CHAIN_LIMIT; calls++) {
        size_t best = SIZE_MAX;
        uint32_t turn = ++scopes->turn;
        for (size_t i = first; i < n; i++) {
            struct index_scope *scope = &scopes->scopes[active[i].scope];
            bool again = i > 0 && active[i - 1].scope == active[i].scope;
            if (again || scope->call != at ||
                (scope->parent != at && scopes->scopes[scope->parent].turn != turn))
                continue;
            if (scope->is_block)
                scope->turn = turn;
            else if (best == SIZE_MAX ||
                     active[i].high - active[i].low < active[best].high - active[best].low)
                best = i;
        }
        if (best == SIZE_MAX)
            break;
        at = active[best].scope;
        first = best + 1;
    }
    return at;
}

static size_t leave(struct index_scope_range *active, size_t n, uint64_t address) {
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (active[i].high > address)
            active[kept++] = active[i];
    return kept;
}

static size_t enter(struct index_scope_range *active, size_t n,
                    const struct index_scope_range *range) {
    size_t at = n;
    for (; at > 0 && active[at - 1].scope > range->scope; at--)
        active[at] = active[at - 1];
    active[at] = *range;
    return n + 1;
}

struct sweep {
    uint64_t *bounds;
    struct index_scope_range *active;
};

static void sweep_free(struct sweep *sweep) {
    free(sweep->bounds);
    free(sweep->active);
}

static int run(struct index_scopes *scopes, struct sweep *sweep) {
    size_t n_bounds = scopes->n_ranges * 2, n_active = 0, next = 0;
    for (size_t i = 0; i < scopes->n_ranges; i++) {
        sweep->bounds[2 * i] = scopes->ranges[i].low;
        sweep->bounds[2 * i + 1] = scopes->ranges[i].high;
    }
    qsort(scopes->ranges, scopes->n_ranges, sizeof(*scopes->ranges), compare_ranges);
    qsort(sweep->bounds, n_bounds, sizeof(*sweep->bounds), compare_addresses);
    uint32_t last = 0;
    for (size_t i = 0; i < n_bounds; i++) {
        uint64_t address = sweep->bounds[i];
        if (i + 1 < n_bounds && sweep->bounds[i + 1] == address)
            continue;
        n_active = leave(sweep->active, n_active, address);
        while (next < scopes->n_ranges && scopes->ranges[next].low == address)
            n_active = enter(sweep->active, n_active, &scopes->ranges[next++]);
        int r = spend(scopes, n_active + 1);
        if (r < 0)
            return r;
        uint32_t scope = innermost(scopes, sweep->active, n_active);
        if (scope != last)
            scopes->segments[scopes->n_segments++] = (struct index_segment){address, scope};
        last = scope;
    }
    return 0;
}

int index_scopes_read(struct index_scopes *scopes, const struct dw_die *function) {
    struct dw_ranges ranges;
    uint64_t high;
    clear(scopes);
    scopes->function = *function;
    scopes->scopes = calloc(1, sizeof(*scopes->scopes));
    if (!scopes->scopes)
        return -ENOMEM;
    scopes->scopes[0] = (struct index_scope){
        .die = *function, .parent = INDEX_SCOPE_NONE, .call = INDEX_SCOPE_NONE};
    scopes->n_scopes = 1;
    dw_die_ranges(function, &ranges);
    dw_ranges_next(&ranges, &scopes->scopes[0].low, &high);
    int r = collect(scopes);
    if (r < 0 || scopes->n_ranges == 0)
        return r;
    size_t n = scopes->n_ranges;
    __attribute__((cleanup(sweep_free))) struct sweep sweep = {
        calloc(n, 2 * sizeof(uint64_t)), calloc(n, sizeof(struct index_scope_range))};
    scopes->segments = calloc(n, 2 * sizeof(*scopes->segments));
    if (!sweep.bounds || !sweep.active || !scopes->segments)
        return -ENOMEM;
    return run(scopes, &sweep);
}
