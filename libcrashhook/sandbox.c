/* SPDX-License-Identifier: MIT */
/*
 * A copy of each filter is kept when it is installed, in memory that is touched only then, and
 * interpreted when the process dies. Filters from before the program began are not known: those of
 * containers and services answer with an error, mostly, and never kill for what a program needs.
 *
 * Async-signal-safe.
 */
#include "libcrashhook/sandbox.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/uio.h>

#include "libcrashhook/dispositions.h"
#include "libcrashhook/hook.h"
#include "libcrashhook/syscalls.h"
#include "libcrashhook/text.h"

/* Newer than some headers. */
#ifndef SECCOMP_RET_KILL_PROCESS
#define SECCOMP_RET_KILL_PROCESS 0x80000000U
#endif
#ifndef SECCOMP_RET_USER_NOTIF
#define SECCOMP_RET_USER_NOTIF 0x7fc00000U
#endif

enum { POOL_SIZE = 128 * 1024, SCRATCH_WORDS = BPF_MEMWORDS };

struct sandbox_filter {
    const struct sandbox_filter *next;
    uint32_t length; /* 0: strict mode */
    struct sock_filter code[];
};

bool sandbox_guards;

static uint8_t pool[POOL_SIZE] APART;
static atomic_size_t pool_used;
/* Signals whose handler the kernel takes away when it calls it. */
static _Atomic uint64_t resetting;
/* Put on all threads at once. */
static _Atomic(const struct sandbox_filter *) common;
/* Before the last filter, for the users of that time. */
static struct {
    int value;
    long user, effective_user, group, effective_group;
} dumpable;

static struct sandbox_filter *take(size_t length) {
    size_t size =
        (sizeof(struct sandbox_filter) + length * sizeof(struct sock_filter) + 15) & ~(size_t)15;
    size_t at = atomic_fetch_add(&pool_used, size);

    return at + size <= sizeof pool ? (void *)(pool + at) : NULL;
}

static void put(struct sandbox_filter *filter, bool all_threads) {
    if (all_threads) {
        filter->next = atomic_load(&common);
        while (!atomic_compare_exchange_weak(&common, &filter->next, filter))
            continue;
    } else {
        filter->next = hook_thread.sandbox;
        hook_thread.sandbox = filter;
    }
}

static uint32_t calculate(unsigned operation, uint32_t a, uint32_t operand) {
    switch (operation) {
    case BPF_ADD:
        return a + operand;
    case BPF_SUB:
        return a - operand;
    case BPF_MUL:
        return a * operand;
    case BPF_DIV:
        return operand != 0 ? a / operand : 0;
    case BPF_MOD:
        return operand != 0 ? a % operand : 0;
    case BPF_OR:
        return a | operand;
    case BPF_AND:
        return a & operand;
    case BPF_XOR:
        return a ^ operand;
    case BPF_LSH:
        return operand < 32 ? a << operand : 0;
    case BPF_RSH:
        return operand < 32 ? a >> operand : 0;
    default:
        return -a;
    }
}

static bool compare(unsigned operation, uint32_t a, uint32_t operand) {
    switch (operation) {
    case BPF_JEQ:
        return a == operand;
    case BPF_JGT:
        return a > operand;
    case BPF_JGE:
        return a >= operand;
    default:
        return (a & operand) != 0;
    }
}

static uint32_t load(const struct sock_filter *step, const struct seccomp_data *data,
                     const uint32_t *scratch) {
    uint32_t word = 0;

    switch (BPF_MODE(step->code)) {
    case BPF_IMM:
        return step->k;
    case BPF_LEN:
        return sizeof *data;
    case BPF_MEM:
        return step->k < SCRATCH_WORDS ? scratch[step->k] : 0;
    default:
        if (step->k <= sizeof *data - sizeof word)
            text_copy(&word, (const uint8_t *)data + step->k, sizeof word);
        return word;
    }
}

/* What the kernel's verifier has let pass: jumps go forward only. */
static uint32_t run(const struct sandbox_filter *filter, const struct seccomp_data *data) {
    uint32_t a = 0, x = 0, scratch[SCRATCH_WORDS] = {0};

    for (uint32_t at = 0; at < filter->length; at++) {
        const struct sock_filter *step = &filter->code[at];
        uint32_t operand = BPF_SRC(step->code) == BPF_X ? x : step->k;
        switch (BPF_CLASS(step->code)) {
        case BPF_LD:
            a = load(step, data, scratch);
            break;
        case BPF_LDX:
            x = load(step, data, scratch);
            break;
        case BPF_ST:
        case BPF_STX:
            if (step->k < SCRATCH_WORDS)
                scratch[step->k] = BPF_CLASS(step->code) == BPF_ST ? a : x;
            break;
        case BPF_ALU:
            a = calculate(BPF_OP(step->code), a, operand);
            break;
        case BPF_JMP:
            if (BPF_OP(step->code) == BPF_JA)
                at += step->k;
            else
                at += compare(BPF_OP(step->code), a, operand) ? step->jt : step->jf;
            break;
        case BPF_RET:
            return BPF_RVAL(step->code) == BPF_A ? a : step->k;
        default:
            if (BPF_MISCOP(step->code) == BPF_TAX)
                x = a;
            else
                a = x;
        }
    }
    return SECCOMP_RET_KILL_PROCESS;
}

static uint32_t strict(long number) {
    return number == SYS_read || number == SYS_write || number == SYS_exit ||
                   number == SYS_rt_sigreturn
               ? SECCOMP_RET_ALLOW
               : SECCOMP_RET_KILL_PROCESS;
}

/* As the kernel weighs them: the lowest action of all filters counts, killing being negative. */
static uint32_t decide(const struct sandbox_filter *filter, const struct seccomp_data *data,
                       uint32_t decision) {
    for (; filter != NULL; filter = filter->next) {
        uint32_t one = filter->length > 0 ? run(filter, data) : strict(data->nr);
        if ((int32_t)(one & SECCOMP_RET_ACTION_FULL) <
            (int32_t)(decision & SECCOMP_RET_ACTION_FULL))
            decision = one;
    }
    return decision;
}

static bool is_allowed(uint32_t decision) {
    uint32_t action = decision & SECCOMP_RET_ACTION_FULL;

    return action == SECCOMP_RET_ALLOW || action == SECCOMP_RET_LOG || action == SECCOMP_RET_TRACE;
}

bool sandbox_allows(long number, const uint64_t arguments[6], long *result) {
    struct seccomp_data data = {
        .nr = (int)number,
        .arch = ARCH_AUDIT,
        .instruction_pointer = (uint64_t)arch_syscall,
    };
    uint32_t decision;

    text_copy(data.args, arguments, sizeof data.args);
    decision = decide(hook_thread.sandbox, &data, SECCOMP_RET_ALLOW);
    decision = decide(atomic_load(&common), &data, decision);
    *result = -ENOSYS;
    /* An error of 0 is a success that did nothing. */
    if ((decision & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO &&
        (decision & SECCOMP_RET_DATA) != 0)
        *result = -(long)(decision & SECCOMP_RET_DATA);
    return is_allowed(decision);
}

long sandbox_call(long number, long a, long b, long c, long d, long e, long f) {
    const uint64_t arguments[] = {(uint64_t)a, (uint64_t)b, (uint64_t)c,
                                  (uint64_t)d, (uint64_t)e, (uint64_t)f};
    long result;

    return sandbox_allows(number, arguments, &result) ? arch_syscall(number, a, b, c, d, e, f)
                                                      : result;
}

static bool has_filters(void) {
    return hook_thread.sandbox != NULL || atomic_load(&common) != NULL;
}

static bool may(long number, uint64_t first) {
    long result;

    return !has_filters() || sandbox_allows(number, (uint64_t[6]){first}, &result);
}

/* Without the guards, as all up to the installation: the program may still be told no. */
static bool read_own(uint64_t address, void *to, size_t size) {
    const struct iovec local = {.iov_base = to, .iov_len = size};
    const struct iovec remote = {.iov_base = (void *)address, .iov_len = size};

    return arch_syscall(SYS_process_vm_readv, sandbox_pid(), (long)&local, 1, (long)&remote, 1,
                        0) == (long)size;
}

static void remember_dumpable(void) {
    if (!may(SYS_prctl, PR_GET_DUMPABLE) || !may(SYS_getuid, 0) || !may(SYS_geteuid, 0) ||
        !may(SYS_getgid, 0) || !may(SYS_getegid, 0))
        return;
    dumpable.value = (int)arch_syscall(SYS_prctl, PR_GET_DUMPABLE, 0, 0, 0, 0, 0);
    dumpable.user = arch_syscall(SYS_getuid, 0, 0, 0, 0, 0, 0);
    dumpable.effective_user = arch_syscall(SYS_geteuid, 0, 0, 0, 0, 0, 0);
    dumpable.group = arch_syscall(SYS_getgid, 0, 0, 0, 0, 0, 0);
    dumpable.effective_group = arch_syscall(SYS_getegid, 0, 0, 0, 0, 0, 0);
}

/* Before it is the kernel's: afterwards its calls may be forbidden. Programs also try whether there
 * are filters at all, with a pointer that leads nowhere. */
static struct sandbox_filter *copy_program(uint64_t address) {
    struct sandbox_filter *filter;
    struct sock_fprog program;

    if (!may(SYS_process_vm_readv, 0)) {
        /* Where that is forbidden an earlier filter was installed, so this is no first try. */
        if (address == 0)
            return NULL;
        text_copy(&program, (const void *)address, sizeof program);
    } else if (!read_own(address, &program, sizeof program)) {
        return NULL;
    }
    if (program.len == 0 || program.len > BPF_MAXINSNS || (filter = take(program.len)) == NULL)
        return NULL;
    filter->length = program.len;
    if (!may(SYS_process_vm_readv, 0))
        text_copy(filter->code, program.filter, program.len * sizeof *program.filter);
    else if (!read_own((uint64_t)program.filter, filter->code,
                       program.len * sizeof *program.filter))
        return NULL;
    return filter;
}

static long unguarded_sigaction(int signal, const struct kernel_sigaction *action,
                                struct kernel_sigaction *old) {
    return arch_syscall(SYS_rt_sigaction, signal, (long)action, (long)old, SIGSET_SIZE, 0, 0);
}

/* A sent signal kills only with the default action, which nobody could set any more; a trap does
 * without (handler.c). */
static void prepare_for(struct sandbox_filter *filter) {
    struct kernel_sigaction action;
    const struct seccomp_data data = {
        .nr = SYS_rt_sigaction, .arch = ARCH_AUDIT, .args = {SIGABRT}};

    if (!may(SYS_rt_sigaction, SIGABRT) || is_allowed(decide(filter, &data, SECCOMP_RET_ALLOW)))
        return;
    for (int signal = 1; signal < 32; signal++) {
        const struct disposition *disposition = disposition_of(signal);
        if ((hook_settings.signals & ~SYNCHRONOUS_SIGNALS & signal_bit(signal)) == 0 ||
            disposition == NULL || !disposition_is_default(disposition) ||
            unguarded_sigaction(signal, NULL, &action) < 0)
            continue;
        action.flags |= SA_RESETHAND;
        if (unguarded_sigaction(signal, &action, NULL) == 0)
            atomic_fetch_or(&resetting, signal_bit(signal));
    }
}

long sandbox_call_watched(long number, const uint64_t arguments[5]) {
    bool by_prctl = number == SYS_prctl && arguments[0] == PR_SET_SECCOMP;
    bool strict_mode =
        by_prctl ? arguments[1] == SECCOMP_MODE_STRICT : arguments[0] == SECCOMP_SET_MODE_STRICT;
    bool filtered =
        by_prctl ? arguments[1] == SECCOMP_MODE_FILTER : arguments[0] == SECCOMP_SET_MODE_FILTER;
    bool watched = (by_prctl || number == SYS_seccomp) && (strict_mode || filtered) &&
                   hook_settings.active && !hook_in_vfork_child();
    struct sandbox_filter *filter = NULL;
    long result;

    if (watched) {
        filter = strict_mode ? take(0) : copy_program(arguments[2]);
        remember_dumpable();
        if (filter != NULL)
            prepare_for(filter);
    }
    result = arch_syscall(number, (long)arguments[0], (long)arguments[1], (long)arguments[2],
                          (long)arguments[3], (long)arguments[4], 0);
    if (filter != NULL && result >= 0)
        put(filter, !by_prctl && (arguments[1] & SECCOMP_FILTER_FLAG_TSYNC) != 0);
    return result;
}

EXPORT int prctl(int option, ...) {
    uint64_t arguments[5] = {(uint64_t)option};
    va_list list;
    long result;

    va_start(list, option);
    for (int i = 1; i < 5; i++)
        arguments[i] = va_arg(list, unsigned long);
    va_end(list);
    result = sandbox_call_watched(SYS_prctl, arguments);
    if (result < 0) {
        errno = (int)-result;
        return -1;
    }
    return (int)result;
}

bool sandbox_has_reset(int signal) {
    return (atomic_load(&resetting) & signal_bit(signal)) != 0;
}

long sandbox_write(int fd, const void *data, size_t size) {
    const struct iovec part = {.iov_base = (void *)data, .iov_len = size};
    long result;

    if (sandbox_guards &&
        !sandbox_allows(SYS_write, (uint64_t[6]){(uint64_t)fd, (uint64_t)data, size}, &result))
        return sys(SYS_writev, fd, &part, 1);
    return arch_syscall(SYS_write, fd, (long)data, (long)size, 0, 0, 0);
}

int sandbox_pid(void) {
    int known;

    if (may(SYS_getpid, 0))
        return (int)arch_syscall(SYS_getpid, 0, 0, 0, 0, 0, 0);
    known = hook_identity != NULL ? atomic_load(&hook_identity->pid) : 0;
    return known != 0 ? known : sandbox_tid();
}

int sandbox_tid(void) {
    if (may(SYS_gettid, 0))
        return (int)arch_syscall(SYS_gettid, 0, 0, 0, 0, 0, 0);
    /* Its result is the same; what it sets is for the end of a thread that does not come. */
    if (may(SYS_set_tid_address, 0))
        return (int)arch_syscall(SYS_set_tid_address, 0, 0, 0, 0, 0, 0);
    return atomic_load(&hook_identity->pid);
}

int sandbox_dumpable(void) {
    if (may(SYS_prctl, PR_GET_DUMPABLE))
        return (int)arch_syscall(SYS_prctl, PR_GET_DUMPABLE, 0, 0, 0, 0, 0);
    if (sys(SYS_getuid) != dumpable.user || sys(SYS_geteuid) != dumpable.effective_user ||
        sys(SYS_getgid) != dumpable.group || sys(SYS_getegid) != dumpable.effective_group)
        return 0;
    return dumpable.value;
}

void sandbox_begin(void) {
    sandbox_guards = has_filters();
}

bool sandbox_may_return(void) {
    return may(SYS_rt_sigreturn, 0);
}

void sandbox_leave_handler(int signal) {
    const uint64_t blocked = ~signal_bit(signal);

    if (!sandbox_may_return())
        sys_sigmask(SIG_SETMASK, &blocked, NULL);
}

void sandbox_end(void) {
    sandbox_guards = false;
}
