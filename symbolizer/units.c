/* SPDX-License-Identifier: MIT */
#include "symbolizer/units.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "symbolizer/dwarf/ranges.h"

enum {
    TABLE_BUDGET = 4 << 20,
    RANGES_PER_FUNCTION = 4096,
    WALK_DEPTH = 128,
    LOOK_BACK = 64,
};

static int add_unit_ranges(struct units *units, size_t index) {
    struct unit *unit = &units->units[index];
    struct dw_ranges at;
    uint64_t low, high;
    dw_unit_ranges(unit->unit, &at);
    while (units->budget > 0 && dw_ranges_next(&at, &low, &high)) {
        units->budget--;
        /* Linkers leave discarded functions at address 0. */
        if (low == 0)
            continue;
        struct unit_range *grown = grow(units->ranges, units->n_ranges, sizeof(*grown));
        if (!grown)
            return -ENOMEM;
        units->ranges = grown;
        units->ranges[units->n_ranges++] = (struct unit_range){low, high, 0, index};
        unit->has_ranges = true;
    }
    return 0;
}

static int compare_unit_ranges(const void *a, const void *b) {
    const struct unit_range *x = a, *y = b;
    if (x->low != y->low)
        return x->low < y->low ? -1 : 1;
    return x->unit < y->unit ? -1 : x->unit > y->unit;
}

int units_read(struct dw_info *info, struct units *ret) {
    *ret = (struct units){.budget = TABLE_BUDGET};
    for (size_t i = 0; i < info->n_info_units; i++) {
        struct dw_unit *unit = &info->units[i];
        if (unit->type != DW_UT_compile && unit->type != DW_UT_skeleton)
            continue;
        struct unit *grown = grow(ret->units, ret->n_units, sizeof(*grown));
        if (!grown) {
            units_free(ret);
            return -ENOMEM;
        }
        ret->units = grown;
        ret->units[ret->n_units] = (struct unit){.unit = unit};
        if (add_unit_ranges(ret, ret->n_units++) < 0) {
            units_free(ret);
            return -ENOMEM;
        }
    }
    if (ret->n_ranges > 0)
        qsort(ret->ranges, ret->n_ranges, sizeof(*ret->ranges), compare_unit_ranges);
    uint64_t reach = 0;
    for (size_t i = 0; i < ret->n_ranges; i++) {
        if (ret->ranges[i].high > reach)
            reach = ret->ranges[i].high;
        ret->ranges[i].reach = reach;
    }
    return 0;
}

void units_free(struct units *units) {
    for (size_t i = 0; i < units->n_units; i++) {
        /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): n_units are there */
        free(units->units[i].functions);
        free(units->units[i].reach);
        dw_lines_free(units->units[i].lines);
    }
    free(units->units);
    free(units->ranges);
    *units = (struct units){0};
}

bool units_at(struct units *units, uint64_t address,
              bool (*visit)(struct units *units, struct unit *unit, void *data), void *data) {
    size_t low = 0, high = units->n_ranges;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (units->ranges[middle].low <= address)
            low = middle + 1;
        else
            high = middle;
    }
    for (size_t i = low; i-- > 0 && low - i <= LOOK_BACK && units->ranges[i].reach > address;)
        if (address < units->ranges[i].high &&
            visit(units, &units->units[units->ranges[i].unit], data))
            return true;
    for (size_t i = 0; i < units->n_units; i++)
        if (!units->units[i].has_ranges && visit(units, &units->units[i], data))
            return true;
    return false;
}

static int add_function(struct units *units, struct unit *unit, const struct dw_die *die,
                        bool nested) {
    struct dw_ranges at;
    uint64_t low, high;
    dw_die_ranges(die, &at);
    for (size_t i = 0; i < RANGES_PER_FUNCTION && units->budget > 0; i++) {
        if (!dw_ranges_next(&at, &low, &high))
            break;
        units->budget--;
        if (low == 0)
            continue;
        struct function_range *grown = grow(unit->functions, unit->n_functions, sizeof(*grown));
        if (!grown)
            return -ENOMEM;
        unit->functions = grown;
        unit->functions[unit->n_functions++] =
            (struct function_range){low, high, die->offset, nested};
    }
    return 0;
}

/* Deep: local classes, lambdas and nested functions are children of functions. */
static bool is_walked(unsigned tag, bool deep) {
    switch (tag) {
    case DW_TAG_namespace:
    case DW_TAG_module:
        return true;
    case DW_TAG_class_type:
    case DW_TAG_structure_type:
    case DW_TAG_union_type:
    case DW_TAG_enumeration_type: /* Rust's have methods */
    case DW_TAG_subprogram:
    case DW_TAG_lexical_block:
    case DW_TAG_inlined_subroutine:
        return deep;
    default:
        return false;
    }
}

static int walk_functions(struct units *units, struct unit *unit, bool deep) {
    struct dw_die stack[WALK_DEPTH];
    if (!dw_unit_root(unit->body, &stack[0]) || !dw_die_child(&stack[0], &stack[0]))
        return 0;
    size_t nested = WALK_DEPTH; /* the depth from which on entries are in others than namespaces */
    for (size_t depth = 1; depth > 0;) {
        struct dw_die *die = &stack[depth - 1];
        unsigned tag = dw_die_tag(die);
        if (depth <= nested)
            nested = is_walked(tag, false) ? WALK_DEPTH : depth;
        if (tag == DW_TAG_subprogram) {
            int r = add_function(units, unit, die, depth > nested);
            if (r < 0)
                return r;
        }
        if (depth < WALK_DEPTH && is_walked(tag, deep) && dw_die_child(die, &stack[depth])) {
            depth++;
            continue;
        }
        while (depth > 0 && !dw_die_next_sibling(&stack[depth - 1]))
            depth--;
    }
    return 0;
}

static int compare_functions(const void *a, const void *b) {
    const struct function_range *x = a, *y = b;
    if (x->low != y->low)
        return x->low < y->low ? -1 : 1;
    if (x->high != y->high)
        return x->high > y->high ? -1 : 1;
    return x->die < y->die ? -1 : x->die > y->die;
}

static void read_functions(struct units *units, struct unit *unit, bool deep) {
    if (!unit->body)
        unit->body = dw_unit_body(unit->unit);
    if (!unit->body)
        unit->body = unit->unit;
    unit->n_functions = 0;
    unit->state = deep ? UNIT_DEEP : UNIT_SHALLOW;
    free(unit->functions);
    free(unit->reach);
    unit->functions = NULL;
    unit->reach = NULL;
    if (walk_functions(units, unit, deep) < 0 || unit->n_functions == 0 ||
        !(unit->reach = calloc(unit->n_functions, sizeof(*unit->reach)))) {
        unit->n_functions = 0;
        return;
    }
    qsort(unit->functions, unit->n_functions, sizeof(*unit->functions), compare_functions);
    uint64_t reach = 0;
    for (size_t i = 0; i < unit->n_functions; i++) {
        if (unit->functions[i].high > reach)
            reach = unit->functions[i].high;
        unit->reach[i] = reach;
    }
}

static const struct function_range *find_function(const struct unit *unit, uint64_t address,
                                                  bool nested) {
    size_t low = 0, high = unit->n_functions;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (unit->functions[middle].low <= address)
            low = middle + 1;
        else
            high = middle;
    }
    for (size_t i = low; i-- > 0 && low - i <= LOOK_BACK && unit->reach[i] > address;)
        if (address < unit->functions[i].high && unit->functions[i].nested <= nested)
            return &unit->functions[i];
    return NULL;
}

void unit_read_functions(struct units *units, struct unit *unit) {
    read_functions(units, unit, true);
}

bool unit_function_at(struct units *units, struct unit *unit, uint64_t address, struct dw_die *ret,
                      uint64_t *entry) {
    if (unit->state == UNIT_UNREAD)
        read_functions(units, unit, false);
    /* The answer must not depend on what was looked up before. */
    const struct function_range *found = find_function(unit, address, false);
    if (!found && unit->state == UNIT_SHALLOW)
        read_functions(units, unit, true);
    if (!found)
        found = find_function(unit, address, true);
    if (!found)
        return false;
    if (!dw_die_at(unit->body, found->die, ret))
        return false;
    if (!dw_die_entry(ret, entry))
        *entry = found->low;
    return true;
}

struct dw_lines *unit_lines(struct unit *unit) {
    if (!unit->lines_tried) {
        unit->lines_tried = true;
        if (dw_lines_read(unit->unit, &unit->lines) < 0)
            unit->lines = NULL;
    }
    return unit->lines;
}
