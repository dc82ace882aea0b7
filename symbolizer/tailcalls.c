/* SPDX-License-Identifier: MIT */
#include "symbolizer/tailcalls.h"

#include "symbolizer/dwarf/ranges.h"
#include "symbolizer/dwarf/value.h"

enum { NESTING_LIMIT = 64, SYMBOLS_PER_ENTRY = 16 };

struct site {
    const struct tailcalls_side *side;
    uint64_t pc; /* behind the call or jump; of the process */
    struct dw_die die;
};

struct target {
    const struct tailcalls_side *side; /* NULL: in neither of the two modules */
    uint64_t address;                  /* of the process */
};

struct search {
    const struct tailcalls_side *to;
    uint64_t callee;
    size_t *budget;
    uint64_t path[TAILCALLS_LIMIT]; /* oldest first */
    size_t depth;
    bool failed; /* what was found so far is not certain */
    /* Of all ways that were found: the shortest one's length, and how many of its jumps all have at
     * their beginning and at their end. */
    uint64_t way[TAILCALLS_LIMIT];
    size_t ways, length, common_first, common_last;
};

static bool spend(struct search *search, size_t n) {
    if (*search->budget < n) {
        search->failed = true;
        return false;
    }
    *search->budget -= n;
    return true;
}

static bool is_site(const struct tailcalls_side *side, const struct dw_die *die, struct site *ret) {
    unsigned tag = dw_die_tag(die);
    struct dw_value value;
    if (tag != DW_TAG_call_site && tag != DW_TAG_GNU_call_site)
        return false;
    unsigned name = tag == DW_TAG_call_site ? DW_AT_call_return_pc : DW_AT_low_pc;
    uint64_t pc;
    if (!dw_die_attribute(die, name, &value) || !dw_value_address(&value, &pc))
        return false;
    *ret = (struct site){side, pc + side->bias, *die};
    return true;
}

static bool may_hold_sites(unsigned tag) {
    return tag == DW_TAG_lexical_block || tag == DW_TAG_inlined_subroutine;
}

/* Each site of a function, those in its blocks and inlined calls included; false from visit ends
 * it. */
static void each_site(struct search *search, const struct tailcalls_side *side,
                      const struct dw_die *function,
                      bool (*visit)(struct search *search, const struct site *site, void *data),
                      void *data) {
    struct dw_die path[NESTING_LIMIT];
    struct site site;
    if (!dw_die_child(function, &path[0]))
        return;
    for (size_t depth = 1; depth > 0 && spend(search, 1);) {
        struct dw_die *die = &path[depth - 1];
        if (is_site(side, die, &site) && !visit(search, &site, data))
            return;
        if (depth < NESTING_LIMIT && may_hold_sites(dw_die_tag(die)) &&
            dw_die_child(die, &path[depth])) {
            depth++;
            continue;
        }
        while (depth > 0 && !dw_die_next_sibling(&path[depth - 1]))
            depth--;
    }
}

static bool find_symbol(struct search *search, const struct tailcalls_side *side, const char *name,
                        struct target *ret) {
    struct symbol symbol;
    const struct symbols *symbols = side->symbols(side->data);
    if (!symbols || !spend(search, symbols_count(symbols) / SYMBOLS_PER_ENTRY) ||
        !symbols_find(symbols, name, &symbol))
        return false;
    *ret = (struct target){side, symbol.address + side->bias};
    return true;
}

/* Where the function begins that a site names; false if it does not name one. */
static bool target_of(struct search *search, const struct site *site, struct target *ret) {
    struct dw_die die;
    uint64_t entry;
    *ret = (struct target){0};
    if (!dw_die_reference(&site->die, DW_AT_call_origin, &die) &&
        !dw_die_reference(&site->die, DW_AT_abstract_origin, &die))
        return false;
    if (dw_die_entry(&die, &entry)) {
        *ret = (struct target){site->side, entry + site->side->bias};
        return true;
    }
    const char *name = dw_die_inherited_string(&die, DW_AT_linkage_name);
    if (!name)
        name = dw_die_inherited_string(&die, DW_AT_name);
    if (!dw_die_flag(&die, DW_AT_declaration) || !name)
        return false;
    if (!find_symbol(search, site->side, name, ret) && site->side != search->to)
        find_symbol(search, search->to, name, ret);
    return true;
}

static void add_way(struct search *search) {
    size_t n = search->depth, first = 0, last = 0;
    if (search->ways++ == 0) {
        memcpy(search->way, search->path, n * sizeof(*search->way));
        search->length = search->common_first = n;
        search->common_last = n;
        return;
    }
    while (first < search->common_first && first < n && search->way[first] == search->path[first])
        first++;
    while (last < search->common_last && last < n &&
           search->way[search->length - 1 - last] == search->path[n - 1 - last])
        last++;
    search->common_first = first;
    search->common_last = last;
    if (first == 0 && last == 0)
        search->failed = true;
}

static bool on_path(const struct search *search, uint64_t pc) {
    for (size_t i = 0; i < search->depth; i++)
        if (search->path[i] == pc)
            return true;
    return false;
}

static bool follow(struct search *search, const struct site *site, void *data);

/* NOLINTNEXTLINE(misc-no-recursion): no deeper than the path */
static void go_through(struct search *search, const struct site *site) {
    struct target target;
    struct dw_die function;
    if (!target_of(search, site, &target))
        search->failed = true;
    else if (target.side && target.address == search->callee)
        add_way(search);
    else if (target.side && target.side->functions &&
             functions_die(target.side->functions, target.address - target.side->bias, &function))
        each_site(search, target.side, &function, follow, NULL);
}

/* NOLINTNEXTLINE(misc-no-recursion): no deeper than the path */
static bool follow(struct search *search, const struct site *site, void *data) {
    if ((dw_die_flag(&site->die, DW_AT_call_tail_call) ||
         dw_die_flag(&site->die, DW_AT_GNU_tail_call)) &&
        !on_path(search, site->pc)) {
        if (search->depth == TAILCALLS_LIMIT) {
            search->failed = true;
            return false;
        }
        search->path[search->depth++] = site->pc;
        go_through(search, site);
        search->depth--;
    }
    return !search->failed;
}

struct start {
    uint64_t pc;
    bool found;
    struct site site;
};

static bool is_start(struct search *search, const struct site *site, void *data) {
    struct start *start = data;
    if (site->pc != start->pc)
        return true;
    start->found = true;
    start->site = *site;
    return false;
}

void tailcalls_between(const struct tailcalls_side *from, uint64_t caller,
                       const struct tailcalls_side *to, uint64_t callee, size_t *budget,
                       struct tailcalls *ret) {
    struct search search = {.to = to, .callee = callee, .budget = budget};
    struct start start = {.pc = caller};
    struct dw_die function;
    ret->n = 0;
    if (!functions_die(from->functions, caller - 1 - from->bias, &function))
        return;
    each_site(&search, from, &function, is_start, &start);
    if (!start.found)
        return;
    go_through(&search, &start.site);
    if (search.failed || search.ways == 0)
        return;
    size_t first = search.common_first;
    size_t last =
        search.common_last < search.length - first ? search.common_last : search.length - first;
    for (size_t i = 0; i < last; i++)
        ret->pc[ret->n++] = search.way[search.length - 1 - i];
    for (size_t i = first; i-- > 0;)
        ret->pc[ret->n++] = search.way[i];
}
