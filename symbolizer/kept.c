/* SPDX-License-Identifier: MIT */
#include "symbolizer/kept.h"

#include "snapshot/snapshot.h"

/* Whether the code before pc is a call of the function at entry, and of no other that went on to
 * it. */
static bool is_call_of(struct walk *walk, const struct unwound *callee, uint64_t pc,
                       uint64_t entry) {
    uint8_t bytes[ARCH_CALL_LONGEST];
    uint64_t target;
    size_t size = sizeof(bytes);
    if (walk_read_memory(walk, pc - size, bytes, size) != size ||
        !arch_ends_in_call(bytes, size, pc, &target))
        return false;
    return target ? target == entry : arch_call_leads_to(walk, &callee->cpu, pc, entry);
}

/* Of the callee, what its caller still has. */
static uint64_t kept(struct walk *walk, const struct unwound *callee,
                     const struct unwound *caller) {
    uint64_t start, end, pc = callee->cpu.value[ARCH_PC];
    if (caller->trust != FRAME_TRUST_CFI || caller->after_gap || caller->trampoline ||
        caller->interrupted || callee->trampoline ||
        !unwind_function(walk, position_lookup(callee), &start, &end) ||
        !is_call_of(walk, callee, caller->cpu.value[ARCH_PC], start))
        return 0;
    return arch_untouched(walk, start, end, pc);
}

void kept_registers(struct walk *walk, struct unwound_stack *stack) {
    if (stack->vectors && stack->n > 0)
        stack->frames[0].vectors = (1u << SNAPSHOT_VECTORS) - 1;
    for (size_t i = 0; i + 1 < stack->n; i++) {
        struct unwound *callee = &stack->frames[i], *caller = callee + 1;
        uint64_t mask = kept(walk, callee, caller);
        bool any = false;
        caller->vectors = callee->vectors & (uint32_t)(mask >> ARCH_VECTOR_0);
        for (unsigned number = 0; number < ARCH_REGISTERS; number++) {
            if (!(mask >> number & 1) || !cpu_knows(&callee->cpu, number) || number == ARCH_SP ||
                number == ARCH_PC || arch_survives_call(number) || cpu_knows(&caller->cpu, number))
                continue;
            cpu_set(&caller->cpu, number, callee->cpu.value[number]);
            any = true;
        }
        if (!any && caller->vectors == 0)
            return;
    }
}
