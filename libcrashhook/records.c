/* SPDX-License-Identifier: MIT */
/*
 * A handler may be left by a long jump, an exception, a change of context: those are noticed. One
 * that is left in ways of its own is not: whether its record is still there is judged by its place
 * and its content.
 *
 * Async-signal-safe.
 */
#include "libcrashhook/records.h"

#include "libcrashhook/death.h"
#include "libcrashhook/hook.h"
#include "libcrashhook/syscalls.h"
#include "libcrashhook/text.h"

static const uint64_t BEGIN_MARK = 0x637261736864a501, END_MARK = 0x637261736864a502;

/* What the C++ runtime asks of a frame that an exception, pthread_exit() or a cancellation passes:
 * numbers of the Itanium ABI. */
enum { UNWIND_CLEANUP_PHASE = 2, UNWIND_CONTINUE = 8 };
int records_personality(int version, int actions, uint64_t class, void *exception, void *context)
    __attribute__((used));

/* A handler that overruns its alternate stack faults below it. The kernel takes that for a stack
 * of its own and begins again at the top, over the record: here is the outermost one's copy. */
static THREADED struct {
    struct cause_record outermost;
    const struct cause_record *innermost;
} on_altstack;
enum { OVERRUN_REACH = 64 * 1024 };

static bool inside(uint64_t address, uint64_t start, uint64_t size) {
    return address >= start && address - start < size;
}

static bool on_same_stack(const struct cause_record *record, uint64_t sp) {
    return inside((uint64_t)record, record->altstack, record->altstack_size) ==
           inside(sp, record->altstack, record->altstack_size);
}

static void keep_copy(const struct cause_record *record) {
    const struct cause_record *outer = record->previous;

    if (!inside((uint64_t)record, record->altstack, record->altstack_size))
        return;
    if (outer != NULL && outer == on_altstack.innermost &&
        inside((uint64_t)outer, record->altstack, record->altstack_size)) {
        on_altstack.outermost.blocks |= record->blocks;
    } else {
        text_copy(&on_altstack.outermost, record, sizeof *record);
    }
    on_altstack.innermost = record;
}

struct cause_record *records_overrun(uint64_t sp, const siginfo_t *info) {
    const struct cause_record *innermost = hook_thread.live;
    struct cause_record *copy = &on_altstack.outermost;
    uint64_t fault = (uint64_t)info->si_addr;

    if (innermost == NULL || innermost != on_altstack.innermost || info->si_code <= 0 ||
        sp > copy->altstack || copy->altstack - sp > OVERRUN_REACH || fault >= copy->altstack ||
        copy->altstack - fault > OVERRUN_REACH)
        return NULL;
    return copy;
}

void records_push(struct cause_record *record, const ucontext_t *context) {
    struct hook_thread *self = &hook_thread;

    record->begin_mark = BEGIN_MARK;
    record->end_mark = END_MARK;
    record->previous = self->live;
    record->deferred = false;
    record->blocked = self->blocked;
    record->altstack = (uint64_t)context->uc_stack.ss_sp;
    record->altstack_size = context->uc_stack.ss_size;
    keep_copy(record);
    /* After all that has to be in it: a fault may come at any time. */
    *(struct cause_record *volatile *)&self->live = record;
}

void records_pop(struct cause_record *record) {
    struct hook_thread *self = &hook_thread;

    __asm__ volatile("" : : "r"(record) : "memory");
    self->live = record->previous;
    self->blocked = record->blocked;
    if (on_altstack.innermost == record)
        on_altstack.innermost = record->previous;
}

struct cause_record *records_live(uint64_t sp) {
    struct hook_thread *self = &hook_thread;
    struct cause_record *record = self->live;

    if (record == NULL)
        return NULL;
    /* Only if the stack goes on from it to sp is the memory sure to be there. */
    if ((uint64_t)record > sp && on_same_stack(record, sp) && record->begin_mark == BEGIN_MARK &&
        record->end_mark == END_MARK)
        return record;
    self->live = NULL;
    return NULL;
}

struct cause_record *records_own(void) {
    return hook_thread.live != NULL ? records_live((uint64_t)__builtin_frame_address(0)) : NULL;
}

/* A signal that somebody sent is no fault, but abort() is one, and sends its signal itself. */
static bool is_genuine(const siginfo_t *info) {
    return info->si_code > 0 || (info->si_signo == SIGABRT && info->si_code == SI_TKILL &&
                                 info->si_pid == sandbox_pid());
}

struct cause_record *records_first(struct cause_record *innermost, const siginfo_t *final) {
    struct cause_record *first = NULL, *outermost = NULL;

    for (struct cause_record *record = innermost; record != NULL; record = record->previous) {
        outermost = record;
        if (is_genuine(&record->cause.info))
            first = record;
    }
    if (first != NULL || outermost == NULL || final->si_code > 0)
        return first;
    /* Sent, and then sent again by the handler; or the handler is one for crashes, as that of a JVM
     * or of Ruby, that takes the signal for a fault and ends in abort(). */
    return outermost->signal == final->si_signo ||
                   (SYNCHRONOUS_SIGNALS & signal_bit(outermost->signal)) != 0 || !is_genuine(final)
               ? outermost
               : NULL;
}

uint64_t records_blocked(struct cause_record *innermost) {
    uint64_t blocked = 0;

    for (struct cause_record *record = innermost; record != NULL; record = record->previous)
        blocked |= record->blocks;
    return blocked;
}

void records_unblock(uint64_t signals) {
    for (struct cause_record *record = records_own(); record != NULL; record = record->previous)
        record->blocks &= ~signals;
}

static void drop(struct cause_record *record, bool mask_restored) {
    struct hook_thread *self = &hook_thread;

    self->live = record->previous;
    if (mask_restored)
        self->blocked = record->blocked;
    else
        self->blocked |= record->blocks;
    record->begin_mark = record->end_mark = 0;
    death_is_far();
}

void records_leave(uint64_t sp, bool mask_restored) {
    struct cause_record *record = records_own();

    while (record != NULL && !((uint64_t)record > sp && on_same_stack(record, sp))) {
        struct cause_record *previous = record->previous;
        drop(record, mask_restored);
        record = previous;
    }
}

void records_abandon(void) {
    hook_thread.live = NULL;
    death_is_far();
}

int records_personality(int version, int actions, uint64_t class, void *exception, void *context) {
    struct cause_record *record = hook_thread.live;

    if ((actions & UNWIND_CLEANUP_PHASE) && record != NULL)
        drop(record, false);
    return UNWIND_CONTINUE;
}
