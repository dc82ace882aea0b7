/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <signal.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "report/diagnose.h"
#include "report/recursion.h"

/* How far below sp a prologue or a probe may touch, and how close to the stack's end sp must be. */
static const uint64_t REACH = 1u << 20, CLOSE = 64u << 10, FAR = 1u << 30;

static const struct snapshot_mapping *mapping_above(const struct snapshot *snapshot,
                                                    uint64_t address) {
    for (size_t i = 0; i < snapshot->n_mappings; i++)
        if (snapshot->mappings[i].start > address &&
            (snapshot->mappings[i].prot & SNAPSHOT_PROT_WRITE))
            return &snapshot->mappings[i];
    return NULL;
}

/* A thread's stack ends in a guard, which a prologue may move sp below before it touches it. */
static bool into_guard(const struct snapshot *snapshot, const struct snapshot_mapping *guard,
                       uint64_t sp) {
    const struct snapshot_mapping *stack = snapshot_mapping_at(snapshot, guard->end);
    return stack && (stack->prot & SNAPSHOT_PROT_WRITE) && sp <= guard->end + CLOSE &&
           sp + REACH >= guard->start;
}

/* A guard that madvise() has made lies in the mapping of the stack: an access there is told to have
 * hit nothing, though there is a mapping that allows it. */
static bool in_installed_guard(const struct snapshot *snapshot, const struct snapshot_mapping *hit,
                               uint64_t sp, uint64_t fault) {
    return snapshot->signal.code == SEGV_MAPERR && (hit->prot & SNAPSHOT_PROT_WRITE) &&
           sp >= hit->start && sp < hit->end && sp <= fault + CLOSE && sp + REACH >= fault;
}

/* One frame alone may be larger than the whole stack (alloca, a variable-length array): sp is then
 * far below it, where nothing is. */
static bool one_huge_frame(const struct snapshot *snapshot, const struct snapshot_thread *thread,
                           uint64_t sp, uint64_t fault) {
    const struct snapshot_mapping *stack = NULL;
    if (thread->tid == snapshot->process.pid) {
        for (size_t i = 0; i < snapshot->n_mappings; i++)
            if (snapshot->mappings[i].path && strcmp(snapshot->mappings[i].path, "[stack]") == 0)
                stack = &snapshot->mappings[i];
    } else if (thread->known & 1u << SNAPSHOT_REGISTER_FS_BASE) {
        stack = snapshot_mapping_at(snapshot, thread->registers[SNAPSHOT_REGISTER_FS_BASE]);
    }
    return stack && sp < stack->start && stack->start - sp <= FAR &&
           !snapshot_mapping_at(snapshot, sp) && !snapshot_mapping_at(snapshot, fault) &&
           fault + CLOSE >= sp && fault < stack->start;
}

/* sp at the low end of its mapping, or already below it, and a fault between there and a guard. */
static bool beyond_the_stack(const struct snapshot *snapshot, uint64_t sp, uint64_t fault) {
    const struct snapshot_mapping *hit = snapshot_mapping_at(snapshot, fault);
    if (hit && (hit->prot & (SNAPSHOT_PROT_READ | SNAPSHOT_PROT_WRITE)))
        return in_installed_guard(snapshot, hit, sp, fault);
    if (hit && into_guard(snapshot, hit, sp))
        return true;
    const struct snapshot_mapping *stack = snapshot_mapping_at(snapshot, sp);
    if (!stack || !(stack->prot & SNAPSHOT_PROT_WRITE))
        stack = mapping_above(snapshot, sp);
    if (!stack || stack->end - stack->start < CLOSE / 8)
        return false;
    uint64_t end = stack->start;
    if (sp > end + CLOSE || sp + REACH < end)
        return false;
    return fault < end && fault + REACH >= end && fault + REACH >= sp;
}

static void format_place(const struct snapshot *snapshot, const struct frame *frame, char *text,
                         size_t size) {
    if (frame->module >= 0 && (size_t)frame->module < snapshot->n_modules)
        snprintf(text, size, "%s+0x%" PRIx64, text_basename(snapshot->modules[frame->module].path),
                 frame->offset);
    else
        snprintf(text, size, "0x%" PRIx64, frame->pc);
}

static void describe_cycle(const struct diagnose_input *input, struct report_diagnosis *ret) {
    struct recursion cycle = recursion_find(input->stack);
    char names[512] = "";
    size_t used = 0;
    if (cycle.period == 0)
        return;
    for (size_t i = 0; i < cycle.period; i++) {
        const struct frame *frame = &input->stack->frames[cycle.first + i];
        char place[256];
        format_place(input->snapshot, frame, place, sizeof place);
        int n = snprintf(names + used, sizeof names - used, "%s%s", i ? " < " : "",
                         frame->function ? frame->function : place);
        if (n < 0 || (size_t)n >= sizeof names - used)
            break;
        used += (size_t)n;
    }
    diagnosis_say(&ret->detail, "endless recursion: %s", names);
}

bool diagnose_overflow(const struct diagnose_input *input, struct report_diagnosis *ret) {
    const struct snapshot *snapshot = input->snapshot;
    const struct snapshot_thread *thread = snapshot_crashed_thread(snapshot);
    if ((snapshot->signal.number != SIGSEGV && snapshot->signal.number != SIGBUS) || !thread ||
        !(thread->known & 1u << SNAPSHOT_REGISTER_RSP))
        return false;
    uint64_t sp = thread->registers[SNAPSHOT_REGISTER_RSP], fault = snapshot->signal.address;
    if (!beyond_the_stack(snapshot, sp, fault) && !one_huge_frame(snapshot, thread, sp, fault))
        return false;
    ret->kind = "stack overflow";
    ret->fault = "write";
    ret->has_fault_address = true;
    ret->fault_address = snapshot->signal.address;
    diagnosis_say(&ret->value, "Stack overflow%s%s%s", thread->name[0] ? " in thread \"" : "",
                  thread->name, thread->name[0] ? "\"" : "");
    describe_cycle(input, ret);
    return true;
}
