/* SPDX-License-Identifier: MIT */
#include "symbolizer/jumps.h"

struct side {
    struct walk *walk;
    size_t module;
};

static const struct symbols *symbols_of(void *data) {
    const struct side *side = data;
    return walk_symbols(side->walk, side->module);
}

static struct tailcalls_side open_side(struct side *side) {
    struct walk *walk = side->walk;
    struct module *opened = walk_names(walk, side->module);
    return (struct tailcalls_side){
        .functions = opened ? module_functions(walk->cache, &walk->source, opened) : NULL,
        .symbols = symbols_of,
        .data = side,
        .bias = walk->snapshot->modules[side->module].bias,
    };
}

void jumps_find(struct walk *walk, const struct unwound_stack *stack, size_t index, int module,
                uint64_t entry, struct tailcalls *ret) {
    ret->n = 0;
    if (index + 1 >= stack->n || module < 0 || entry == 0)
        return;
    const struct unwound *callee = &stack->frames[index], *caller = callee + 1;
    uint64_t pc = caller->cpu.value[ARCH_PC];
    int from_module = walk_module_at(walk, pc - 1);
    if (from_module < 0 || callee->trampoline || caller->trust != FRAME_TRUST_CFI ||
        caller->interrupted || caller->trampoline || caller->after_gap ||
        !walk_executable(walk, position_lookup(callee)))
        return;
    struct side caller_side = {walk, (size_t)from_module}, callee_side = {walk, (size_t)module};
    struct tailcalls_side from = open_side(&caller_side), other;
    const struct tailcalls_side *to = &from;
    if (!from.functions)
        return;
    if (module != from_module) {
        other = open_side(&callee_side);
        to = &other;
    }
    tailcalls_between(&from, pc, to, entry, &walk->budget.jumped, ret);
}
