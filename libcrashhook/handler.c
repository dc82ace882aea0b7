/* SPDX-License-Identifier: MIT */
/*
 * What happens when a signal comes. Async-signal-safe: own memory, raw system calls, and the
 * program's handler, which answers for itself. At most 1 KiB of stack, which may be the program's
 * own small alternate stack.
 */
#include "libcrashhook/handler.h"

#include <linux/futex.h>
#include <sys/mman.h>
#include <time.h>

#include "libcrashhook/abort.h"
#include "libcrashhook/dispositions.h"
#include "libcrashhook/helper.h"
#include "libcrashhook/hook.h"
#include "libcrashhook/syscalls.h"
#include "libcrashhook/text.h"

/* On the stack for as long as a handler of the program runs. A handler may be left by siglongjmp()
 * without our knowing: whether the frame is still there is judged by its place and its content. */
struct cause_record {
    uint64_t begin_mark;
    struct cause_record *previous;
    int signal;
    bool blocks_itself; /* no SA_NODEFER: the kernel would hold the signal back */
    bool deferred;      /* and it came */
    uint64_t altstack, altstack_size;
    uint64_t blocked; /* what the program had blocked before, and has again when it returns */
    struct cause cause;
    uint64_t end_mark;
};

enum { LOSER_EXTRA_MS = 2000 };

static const uint64_t BEGIN_MARK = 0x637261736864a501, END_MARK = 0x637261736864a502;

static bool inside(uint64_t address, uint64_t start, uint64_t size) {
    return address >= start && address - start < size;
}

/* The innermost record whose handler is still running, seen from a frame at sp. */
static struct cause_record *live_record(uint64_t sp) {
    struct hook_thread *self = &hook_thread;

    while (self->live != NULL) {
        struct cause_record *record = self->live;
        uint64_t at = (uint64_t)record;
        /* Only then is the memory sure to be there: the stack goes on from it to sp. */
        if (at > sp) {
            bool same_stack = inside(at, record->altstack, record->altstack_size) ==
                              inside(sp, record->altstack, record->altstack_size);
            if (same_stack && record->begin_mark == BEGIN_MARK && record->end_mark == END_MARK)
                return record;
        }
        self->live = NULL;
    }
    return NULL;
}

static struct cause_record *own_record(void) {
    return hook_thread.live != NULL ? live_record((uint64_t)__builtin_frame_address(0)) : NULL;
}

uint64_t handler_blocked(void) {
    uint64_t blocked = 0;

    for (struct cause_record *record = own_record(); record != NULL; record = record->previous)
        blocked |= record->blocks_itself ? signal_bit(record->signal) : 0;
    return blocked & SYNCHRONOUS_SIGNALS;
}

void handler_unblock(uint64_t signals) {
    for (struct cause_record *record = own_record(); record != NULL; record = record->previous) {
        if (signals & signal_bit(record->signal))
            record->blocks_itself = false;
    }
}

void handler_abandon(void) {
    for (struct cause_record *record = own_record(); record != NULL; record = record->previous)
        hook_thread.blocked = record->blocked;
    hook_thread.live = NULL;
}

static void take_cause(struct cause *cause, const siginfo_t *info, const ucontext_t *context) {
    text_copy(&cause->info, info, sizeof cause->info);
    arch_registers(context, arch_thread_pointer(), cause->registers, &cause->known);
    arch_trap(context, &cause->trap);
}

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

static void queue_to_self(int signal, const siginfo_t *info) {
    int pid = (int)sys(SYS_getpid), tid = (int)sys(SYS_gettid);

    if (sys(SYS_rt_tgsigqueueinfo, pid, tid, signal, info) < 0)
        sys(SYS_tgkill, pid, tid, signal);
}

/* A signal that was sent while the program had it blocked: it stays pending until it is not. */
static void put_back(int signal, const siginfo_t *info, ucontext_t *context) {
    uint64_t blocked = signal_bit(signal);

    put_mask(context, get_mask(context) | blocked);
    sys_sigmask(SIG_BLOCK, &blocked, NULL);
    if (info->si_code == SI_TKILL || sys(SYS_rt_sigqueueinfo, sys(SYS_getpid), signal, info) < 0)
        queue_to_self(signal, info);
}

/*
 * The process goes on as if we had never been there: the default action, the same siginfo, and on
 * return from the handler the signal comes first, whatever else has come in meanwhile.
 */
static void die(int signal, const siginfo_t *info, ucontext_t *context) {
    const struct kernel_sigaction action = {.handler = (void *)SIG_DFL};

    sys_sigaction(signal, &action, NULL);
    put_mask(context, ~signal_bit(signal));
    if (sys(SYS_getpid) == 1) {
        /* The kernel drops what is sent to an init process; only a new trap kills it. */
        arch_repeat_trap(context, info);
        return;
    }
    queue_to_self(signal, info);
}

/* Another thread was faster; its report holds this one, too, and its end is the end of all. */
static void wait_for_end(const ucontext_t *context, int dying) {
    struct timespec step = {.tv_sec = 0, .tv_nsec = 100 * 1000000};

    hook_thread.waiting = context;
    for (unsigned waited = 0; waited < hook_settings.timeout_ms + LOSER_EXTRA_MS; waited += 100)
        sys(SYS_futex, &hook_identity->dying, FUTEX_WAIT_PRIVATE, dying, &step);
}

static void report_and_die(int signal, const siginfo_t *info, ucontext_t *context,
                           const struct cause_record *first) {
    int tid = (int)sys(SYS_gettid), dying = 0;
    struct cause cause;
    bool vfork_child = hook_in_vfork_child();

    if (!vfork_child && !atomic_compare_exchange_strong(&hook_identity->dying, &dying, tid)) {
        /* The report itself failed, in line: there is nothing better than to die. */
        if (dying != tid)
            wait_for_end(context, dying);
        die(signal, info, context);
        return;
    }
    if (first != NULL)
        text_copy(&cause, &first->cause, sizeof cause);
    else
        take_cause(&cause, info, context);
    helper_report(&(struct report_request){
        .cause = &cause,
        .cause_first = first != NULL,
        .final_signal = signal,
        .tid = tid,
        .vfork_child = vfork_child,
    });
    die(signal, info, context);
}

static void run_program_handler(int signal, siginfo_t *info, ucontext_t *context,
                                const struct disposition *disposition) {
    struct hook_thread *self = &hook_thread;
    struct cause_record record = {
        .begin_mark = BEGIN_MARK,
        .end_mark = END_MARK,
        .previous = self->live,
        .signal = signal,
        .blocks_itself = (disposition->flags & SA_NODEFER) == 0,
        .blocked = self->blocked,
        .altstack = (uint64_t)context->uc_stack.ss_sp,
        .altstack_size = context->uc_stack.ss_size,
    };

    take_cause(&record.cause, info, context);
    if (disposition->flags & (int)SA_RESETHAND)
        disposition_reset(signal, disposition);
    *(struct cause_record *volatile *)&self->live = &record;
    disposition->handler(signal, info, context);
    __asm__ volatile("" : : "r"(&record) : "memory");
    self->live = record.previous;
    self->blocked = record.blocked;
    /* The program may have put another disposition in our place since. */
    disposition = disposition_of(signal);
    if (record.deferred && disposition != NULL && disposition_is_default(disposition)) {
        report_and_die(signal, &record.cause.info, context, &record);
    } else if (signal == SIGABRT && was_sent(&record.cause.info) &&
               abort_is_calling(arch_stack_pointer(context))) {
        /* abort() goes on to take away every handler, ours too, and kills. */
        report_and_die(signal, &record.cause.info, context, NULL);
    }
    record.begin_mark = record.end_mark = 0;
    __asm__ volatile("" : : "r"(&record) : "memory");
}

void handler_on_signal(int signal, siginfo_t *info, void *context) {
    const struct disposition *disposition = disposition_of(signal);
    struct cause_record *record = live_record(arch_stack_pointer(context));
    bool held_back;

    held_back = (hook_thread.blocked & signal_bit(signal)) != 0;
    for (struct cause_record *outer = record; outer != NULL && !held_back; outer = outer->previous)
        held_back = outer->signal == signal && outer->blocks_itself &&
                    (SYNCHRONOUS_SIGNALS & signal_bit(signal)) != 0;
    if (held_back && was_sent(info)) {
        for (struct cause_record *outer = record; outer != NULL; outer = outer->previous)
            outer->deferred = outer->deferred || outer->signal == signal;
        put_back(signal, info, context);
        return;
    }
    if (disposition != NULL && !held_back && !disposition_is_default(disposition)) {
        if (!disposition_is_ignore(disposition)) {
            run_program_handler(signal, info, context, disposition);
            return;
        }
        if (was_sent(info))
            return;
    }
    if (was_sent(info) && sys(SYS_getpid) == 1)
        return;
    /* The first fault is the cause, unless it was none: a signal that somebody sent. */
    while (record != NULL && record->previous != NULL)
        record = record->previous;
    if (record != NULL && was_sent(&record->cause.info) && !was_sent(info))
        record = NULL;
    report_and_die(signal, info, context, record);
}
