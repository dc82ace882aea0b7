/* SPDX-License-Identifier: MIT */
/*
 * What happens when a signal comes. Async-signal-safe: own memory, raw system calls, and the
 * program's handler, which answers for itself. At most 1 KiB of stack, which may be the program's
 * own small alternate stack.
 */
#include "libcrashhook/handler.h"

#include "libcrashhook/abort.h"
#include "libcrashhook/altstack.h"
#include "libcrashhook/death.h"
#include "libcrashhook/dispositions.h"
#include "libcrashhook/hook.h"
#include "libcrashhook/records.h"
#include "libcrashhook/syscalls.h"
#include "libcrashhook/text.h"

enum { NEAR_STACK = 8 * 1024 * 1024 }; /* a frame may be larger than all guards */

static bool was_sent(const siginfo_t *info) {
    return info->si_code <= 0;
}

static void put_mask(ucontext_t *context, uint64_t mask) {
    __builtin_memcpy(&context->uc_sigmask, &mask, sizeof mask);
}

static uint64_t get_mask(const ucontext_t *context) {
    uint64_t mask;

    __builtin_memcpy(&mask, &context->uc_sigmask, sizeof mask);
    return mask;
}

/* A signal that was sent while the program had it blocked: it stays pending until it is not, for
 * the whole process where it was meant for that. */
static void put_back(int signal, const siginfo_t *info, ucontext_t *context) {
    uint64_t blocked = signal_bit(signal);
    long pid = sandbox_pid();

    put_mask(context, get_mask(context) | blocked);
    sys_sigmask(SIG_BLOCK, &blocked, NULL);
    hook_thread.held |= blocked;
    if (info->si_code == SI_TKILL)
        death_queue(signal, info);
    else if (sys(SYS_rt_sigqueueinfo, pid, signal, info) < 0)
        sys(SYS_kill, pid, signal);
}

/* It may have blocked what it returns to; the kernel's masks never have the synchronous signals. */
static void take_over_mask(ucontext_t *context) {
    uint64_t mask = get_mask(context), hidden = mask & SYNCHRONOUS_SIGNALS & ~hook_thread.held;

    if (hidden == 0)
        return;
    hook_thread.blocked |= hidden;
    put_mask(context, mask & ~hidden);
}

static void run_program_handler(int signal, siginfo_t *info, ucontext_t *context,
                                const struct disposition *disposition) {
    struct cause_record record;

    record.signal = signal;
    record.blocks = disposition->mask;
    if ((disposition->flags & SA_NODEFER) == 0)
        record.blocks |= signal_bit(signal);
    record.blocks &= SYNCHRONOUS_SIGNALS;
    death_take_cause(&record.cause, info, context);
    if (disposition->flags & (int)SA_RESETHAND)
        disposition_reset(signal, disposition);
    records_push(&record, context);
    if (disposition->flags & (int)SA_RESETHAND)
        death_is_near();
    arch_run_handler(disposition->handler, signal, info, context);
    records_pop(&record);
    death_is_far();
    take_over_mask(context);
    /* The program may have put another disposition in our place since. */
    disposition = disposition_of(signal);
    if (record.deferred && disposition != NULL && disposition_is_default(disposition)) {
        death_report(signal, &record.cause.info, context, &record);
    } else if (signal == SIGABRT && was_sent(&record.cause.info) &&
               abort_is_calling(arch_stack_pointer(context))) {
        /* abort() goes on to take away every handler, ours too, and kills. */
        death_report(signal, &record.cause.info, context, record.previous);
    }
    record.begin_mark = record.end_mark = 0;
    __asm__ volatile("" : : "r"(&record) : "memory");
}

/* Does the program think that it has blocked a signal that came nevertheless? */
static bool is_held_back(int signal, struct cause_record *running) {
    return ((hook_thread.blocked | records_blocked(running)) & signal_bit(signal)) != 0;
}

/* Would the kernel have found room for its frame on the interrupted stack? Asks it to write there,
 * as it would have done. Runtimes fault on purpose, often at one depth, and are not to be slowed
 * down: where they do not fault near the stack, what was there is taken to be there still. */
static bool has_room(uint64_t place, uint64_t end, bool near) {
    const uint64_t page = hook_settings.page_size;
    struct hook_thread *self = &hook_thread;

    if (!near && place >= self->room && end <= self->room_end)
        return true;
    for (uint64_t at = end - sizeof(uint64_t); at >= place; at = (at & ~(page - 1)) - page) {
        if (sys_sigmask(SIG_BLOCK, NULL, (uint64_t *)at) < 0)
            return false;
    }
    if (sys_sigmask(SIG_BLOCK, NULL, (uint64_t *)place) < 0)
        return false;
    self->room = place & ~(page - 1);
    self->room_end = (end + page - 1) & ~(page - 1);
    return true;
}

static void continue_program_handler(int signal, siginfo_t *info, void *context) {
    const struct disposition *disposition = disposition_of(signal);

    if (disposition != NULL && !disposition_is_default(disposition) &&
        !disposition_is_ignore(disposition))
        run_program_handler(signal, info, context, disposition);
}

static bool is_near(uint64_t address, uint64_t sp) {
    return address - (sp - NEAR_STACK) < 2 * (uint64_t)NEAR_STACK;
}

/*
 * We run on a stack that the program does not know of. Without it the handler would run on the
 * interrupted one, or, if that has overflown, not at all: the kernel kills then. A handler that
 * asked for an alternate stack stays on ours, though.
 */
static void call_program_handler(int signal, siginfo_t *info, ucontext_t *context,
                                 const struct disposition *disposition) {
    uint64_t sp = arch_stack_pointer(context), end, place;
    bool asked = (disposition->flags & SA_ONSTACK) != 0;
    bool near = !was_sent(info) && is_near((uint64_t)info->si_addr, sp);

    if (altstack_is_hidden((uint64_t)context) && !altstack_is_hidden(sp) && (!asked || near)) {
        place = arch_place_frame(info, context, sp, &end);
        if (!has_room(place, end, near)) {
            death_report(SIGSEGV, info, context, records_live(sp));
            return;
        }
        if (!asked)
            arch_move_frame(signal, info, context, place, continue_program_handler);
    }
    run_program_handler(signal, info, context, disposition);
}

static void defer(int signal, struct cause_record *running) {
    for (struct cause_record *record = running; record != NULL; record = record->previous)
        record->deferred = record->deferred || record->signal == signal;
}

void handler_on_signal(int signal, siginfo_t *info, void *context) {
    const struct disposition *disposition = disposition_of(signal);
    uint64_t sp = arch_stack_pointer(context);
    struct cause_record *overrun, *running;
    bool held_back;

    arch_begin_handler();
    overrun = records_overrun(sp, info);
    running = records_live(sp);
    if (overrun != NULL && (overrun->blocks & signal_bit(signal)) != 0) {
        death_report(signal, info, context, overrun);
        return;
    }
    if (was_sent(info) && death_takes_over(&signal, info)) {
        death_report(signal, info, context, running);
        return;
    }
    held_back = is_held_back(signal, running);
    if (held_back && was_sent(info)) {
        defer(signal, running);
        put_back(signal, info, context);
        return;
    }
    if (disposition != NULL && !held_back && !disposition_is_default(disposition)) {
        if (!disposition_is_ignore(disposition)) {
            call_program_handler(signal, info, context, disposition);
            return;
        }
        if (was_sent(info))
            return;
    }
    /* The kernel ignores what is sent to an init process; abort() goes on to end it by a trap. */
    if (was_sent(info) && sandbox_pid() == 1 &&
        !(signal == SIGABRT && abort_is_calling(arch_stack_pointer(context))))
        return;
    if (running == NULL)
        death_hand_over(signal, info);
    death_report(signal, info, context, running);
}
