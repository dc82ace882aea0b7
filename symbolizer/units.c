/* SPDX-License-Identifier: MIT */
#include "symbolizer/units.h"

#include <dwarf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    TABLE_BUDGET = 4 << 20,
    UNITS_LIMIT = 1 << 20,
    RANGES_PER_FUNCTION = 4096,
    WALK_DEPTH = 128,
    LOOK_BACK = 64,
};

bool unit_next_sibling(Dwarf_Die *die) {
    Dwarf_Off before = dwarf_dieoffset(die);
    Dwarf_Die next;
    if (dwarf_siblingof(die, &next) != 0 || dwarf_dieoffset(&next) <= before)
        return false;
    *die = next;
    return true;
}

static void *grow(void *array, size_t n, size_t size) {
    if (n & (n - 1))
        return array;
    return n ? reallocarray(array, n * 2, size) : calloc(1, size);
}

static int add_unit_ranges(struct units *units, size_t index) {
    struct unit *unit = &units->units[index];
    Dwarf_Addr base, low, high;
    ptrdiff_t at = 0;
    while (units->budget > 0 && (at = dwarf_ranges(&unit->die, at, &base, &low, &high)) > 0) {
        units->budget--;
        /* Linkers leave discarded functions at address 0. */
        if (low == 0 || low >= high)
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

int units_read(Dwarf *dwarf, struct units *ret) {
    *ret = (struct units){.dwarf = dwarf, .budget = TABLE_BUDGET};
    Dwarf_CU *cu = NULL;
    Dwarf_Half version;
    uint8_t type;
    Dwarf_Die die;
    while (ret->n_units < UNITS_LIMIT &&
           dwarf_get_units(dwarf, cu, &cu, &version, &type, &die, NULL) == 0) {
        if (type != DW_UT_compile && type != DW_UT_skeleton)
            continue;
        struct unit *grown = grow(ret->units, ret->n_units, sizeof(*grown));
        if (!grown) {
            units_free(ret);
            return -ENOMEM;
        }
        ret->units = grown;
        /* The body of a split unit is a file to open: only when an address needs it. */
        ret->units[ret->n_units] =
            (struct unit){.die = die, .body = die, .has_body = type == DW_UT_compile};
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

static int add_function(struct units *units, struct unit *unit, Dwarf_Die *die) {
    Dwarf_Addr base, low, high;
    ptrdiff_t at = 0;
    for (size_t i = 0; i < RANGES_PER_FUNCTION && units->budget > 0; i++) {
        at = dwarf_ranges(die, at, &base, &low, &high);
        if (at <= 0)
            break;
        units->budget--;
        if (low == 0 || low >= high)
            continue;
        struct function_range *grown = grow(unit->functions, unit->n_functions, sizeof(*grown));
        if (!grown)
            return -ENOMEM;
        unit->functions = grown;
        unit->functions[unit->n_functions++] =
            (struct function_range){low, high, dwarf_dieoffset(die)};
    }
    return 0;
}

/* Deep: local classes, lambdas and nested functions are children of functions. */
static bool is_walked(int tag, bool deep) {
    switch (tag) {
    case DW_TAG_namespace:
    case DW_TAG_module:
        return true;
    case DW_TAG_class_type:
    case DW_TAG_structure_type:
    case DW_TAG_union_type:
    case DW_TAG_subprogram:
    case DW_TAG_lexical_block:
    case DW_TAG_inlined_subroutine:
        return deep;
    default:
        return false;
    }
}

/* In an honest tree a sibling stands behind all that is inside of its elder. In a broken one the
 * same entries would be met again and again. */
static bool next_entry(Dwarf_Die *die, Dwarf_Off *last) {
    if (!unit_next_sibling(die) || dwarf_dieoffset(die) <= *last)
        return false;
    *last = dwarf_dieoffset(die);
    return true;
}

static int walk_functions(struct units *units, struct unit *unit, bool deep) {
    Dwarf_Die stack[WALK_DEPTH];
    if (dwarf_child(&unit->body, &stack[0]) != 0)
        return 0;
    Dwarf_Off last = dwarf_dieoffset(&stack[0]);
    for (size_t depth = 1; depth > 0;) {
        Dwarf_Die *die = &stack[depth - 1];
        int tag = dwarf_tag(die);
        if (tag == DW_TAG_subprogram) {
            int r = add_function(units, unit, die);
            if (r < 0)
                return r;
        }
        if (depth < WALK_DEPTH && is_walked(tag, deep) && dwarf_child(die, &stack[depth]) == 0 &&
            dwarf_dieoffset(&stack[depth]) > last) {
            last = dwarf_dieoffset(&stack[depth]);
            depth++;
            continue;
        }
        while (depth > 0 && !next_entry(&stack[depth - 1], &last))
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
    if (!unit->has_body) {
        Dwarf_Die body;
        unit->has_body = true;
        if (dwarf_cu_info(unit->die.cu, NULL, NULL, NULL, &body, NULL, NULL, NULL) == 0 &&
            body.addr)
            unit->body = body;
    }
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

static const struct function_range *find_function(const struct unit *unit, uint64_t address) {
    size_t low = 0, high = unit->n_functions;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (unit->functions[middle].low <= address)
            low = middle + 1;
        else
            high = middle;
    }
    for (size_t i = low; i-- > 0 && low - i <= LOOK_BACK && unit->reach[i] > address;)
        if (address < unit->functions[i].high)
            return &unit->functions[i];
    return NULL;
}

bool unit_function_at(struct units *units, struct unit *unit, uint64_t address, Dwarf_Die *ret,
                      uint64_t *entry) {
    if (unit->state == UNIT_UNREAD)
        read_functions(units, unit, false);
    const struct function_range *found = find_function(unit, address);
    if (!found && unit->state == UNIT_SHALLOW) {
        read_functions(units, unit, true);
        found = find_function(unit, address);
    }
    if (!found)
        return false;
    /* Offsets of a split unit count in its own file. */
    Dwarf *dwarf = dwarf_cu_getdwarf(unit->body.cu);
    if (!dwarf_offdie(dwarf, found->die, ret))
        return false;
    *entry = found->low;
    Dwarf_Addr pc;
    if (dwarf_entrypc(ret, &pc) == 0)
        *entry = pc;
    return true;
}
