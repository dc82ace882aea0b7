/* SPDX-License-Identifier: MIT */
/* Async-signal-safe: own memory and raw system calls, at most 1 KiB of stack. */
#include "libcrashhook/death.h"

#include <linux/futex.h>
#include <time.h>

#include "libcrashhook/dispositions.h"
#include "libcrashhook/helper.h"
#include "libcrashhook/hook.h"
#include "libcrashhook/syscalls.h"
#include "libcrashhook/text.h"

enum { EXIT_BY_SIGNAL = 128, LOSER_EXTRA_MS = 2000 };

/* What a thread hands over; written by the one that comes first, before it says so. */
static struct {
    int signal;
    siginfo_t info;
} handed;

void death_take_cause(struct cause *cause, const siginfo_t *info, const ucontext_t *context) {
    text_copy(&cause->info, info, sizeof cause->info);
    arch_registers(context, arch_thread_pointer(), cause->registers, &cause->known);
    cause->vectors = arch_vectors(context);
    arch_trap(context, &cause->trap);
}

bool death_queue(int signal, const siginfo_t *info) {
    int pid = sandbox_pid(), tid = sandbox_tid();

    return sys(SYS_rt_tgsigqueueinfo, pid, tid, signal, info) == 0 ||
           sys(SYS_tgkill, pid, tid, signal) == 0;
}

/*
 * The process goes on as if we had never been there: the default action, the same siginfo, and on
 * return from the handler the signal comes first, whatever else has come in meanwhile.
 */
static void die(int signal, const siginfo_t *info, ucontext_t *context) {
    const struct kernel_sigaction action = {.handler = (void *)SIG_DFL};
    uint64_t own = signal_bit(signal), mask = ~own;
    bool reset = sys_sigaction(signal, &action, NULL) == 0 || sandbox_has_reset(signal);

    text_copy(&context->uc_sigmask, &mask, sizeof mask);
    if (sandbox_pid() == 1) {
        /* The kernel drops what is sent to an init process; only a new trap kills it. */
        arch_repeat_trap(context, info);
        return;
    }
    /* Our handlers may be interrupted by the signal: it has to wait until the registers, which a
     * core dump shows, are those of the program again. */
    sys_sigmask(SIG_BLOCK, &own, NULL);
    if (reset && death_queue(signal, info)) {
        sandbox_leave_handler(signal);
        return;
    }
    /* A sandbox forbids all that: a trap whose signal is blocked kills whoever handles it. Where
     * there is no way back out of the handler either, traps on top of each other do. */
    if (!sandbox_may_return())
        __builtin_trap();
    arch_repeat_trap(context, info);
    mask = ~(uint64_t)0;
    text_copy(&context->uc_sigmask, &mask, sizeof mask);
    if (info->si_code <= 0)
        sys(SYS_exit_group, EXIT_BY_SIGNAL + signal);
}

/* Another thread was faster; its report holds this one, too, and its end is the end of all. True if
 * it has gone on instead: it was a sanitizer's report of a race. */
static bool wait_for_end(const ucontext_t *context, int dying) {
    struct timespec step = {.tv_sec = 0, .tv_nsec = 100 * 1000000};

    hook_thread.waiting = context;
    for (unsigned waited = 0; waited < hook_settings.timeout_ms + LOSER_EXTRA_MS &&
                              atomic_load(&hook_identity->dying) == dying;
         waited += 100)
        sys(SYS_futex, &hook_identity->dying, FUTEX_WAIT_PRIVATE, dying, &step);
    return atomic_load(&hook_identity->dying) != dying;
}

void death_report(int signal, const siginfo_t *info, ucontext_t *context,
                  struct cause_record *running) {
    int tid = sandbox_tid(), dying = 0;
    bool vfork_child = hook_in_vfork_child();
    struct cause_record *first = records_first(running, info);
    struct cause cause;

    while (!vfork_child && !atomic_compare_exchange_strong(&hook_identity->dying, &dying, tid)) {
        /* The report itself failed, in line: there is nothing better than to die. */
        if (dying == tid || !wait_for_end(context, dying)) {
            die(signal, info, context);
            return;
        }
        dying = 0;
    }
    hook_thread.waiting = NULL;
    if (first != NULL)
        text_copy(&cause, &first->cause, sizeof cause);
    else
        death_take_cause(&cause, info, context);
    helper_report(&(struct report_request){
        .cause = &cause,
        .cause_first = first != NULL,
        .final_signal = signal,
        .tid = tid,
        .vfork_child = vfork_child,
    });
    die(signal, info, context);
}

void death_is_near(void) {
    if (!hook_in_vfork_child())
        atomic_store(&hook_identity->giving_up, sandbox_tid());
}

void death_is_far(void) {
    int tid = atomic_load(&hook_identity->giving_up);

    if (tid != 0 && tid == sandbox_tid())
        atomic_store(&hook_identity->giving_up, 0);
}

/* A signal that surely comes to us there: the one that was sent may be held back. */
static int find_carrier(int signal) {
    static const int candidates[] = {SIGBUS, SIGSEGV, SIGILL, SIGFPE};

    for (size_t i = 0; i < sizeof candidates / sizeof *candidates; i++) {
        const struct disposition *disposition = disposition_of(candidates[i]);
        if (candidates[i] != signal && disposition != NULL && !disposition_is_ignore(disposition))
            return candidates[i];
    }
    return signal;
}

void death_hand_over(int signal, const siginfo_t *info) {
    const struct timespec limit = {.tv_sec = 1};
    int pid = sandbox_pid(), tid = atomic_load(&hook_identity->giving_up), nobody = 0;
    int carrier = find_carrier(signal);
    siginfo_t carried;

    if (tid == 0 || info->si_pid != pid || info->si_code > 0 || tid == sandbox_tid() ||
        hook_in_vfork_child())
        return;
    if (atomic_load(&hook_identity->heir) == 0) {
        handed.signal = signal;
        text_copy(&handed.info, info, sizeof handed.info);
        atomic_compare_exchange_strong(&hook_identity->heir, &nobody, tid);
    }
    text_zero(&carried, sizeof carried);
    carried.si_signo = carrier;
    carried.si_code = SI_QUEUE;
    carried.si_pid = pid;
    if (sys(SYS_rt_tgsigqueueinfo, pid, tid, carrier, &carried) == 0)
        sys(SYS_futex, &hook_identity->dying, FUTEX_WAIT_PRIVATE, 0, &limit);
}

bool death_takes_over(int *signal, siginfo_t *info) {
    int tid = atomic_load(&hook_identity->heir);

    if (tid == 0 || tid != sandbox_tid())
        return false;
    atomic_store(&hook_identity->giving_up, 0);
    atomic_store(&hook_identity->heir, 0);
    *signal = handed.signal;
    text_copy(info, &handed.info, sizeof *info);
    return true;
}

void death_handled(int status) {
    int tid, nobody = 0;
    struct cause_record *outermost;

    if (!hook_settings.handled || hook_thread.live == NULL)
        return;
    outermost = records_own();
    while (outermost != NULL && outermost->previous != NULL)
        outermost = outermost->previous;
    tid = sandbox_tid();
    if (outermost == NULL || hook_in_vfork_child() ||
        !atomic_compare_exchange_strong(&hook_identity->dying, &nobody, tid))
        return;
    helper_report(&(struct report_request){
        .cause = &outermost->cause,
        .cause_first = true,
        .final_signal = outermost->signal,
        .tid = tid,
        .handled = true,
        .goes_on = true,
        .exit_status = status,
    });
    records_abandon();
    atomic_store(&hook_identity->dying, 0);
}
