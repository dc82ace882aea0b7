/* SPDX-License-Identifier: MIT */
/*
 * The helper shares the memory of the dying process, but has its own signals, descriptors and
 * alarm: if it faults, hangs, or a seccomp filter kills it, the process wakes up and dies of its
 * own signal. Async-signal-safe: raw system calls on memory mapped for the purpose.
 */
#include "libcrashhook/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

#include "libcrashhook/arena.h"
#include "libcrashhook/capture.h"
#include "libcrashhook/hook.h"
#include "libcrashhook/syscalls.h"
#include "libcrashhook/text.h"
#include "libcrashhook/threads.h"

enum {
    STACK_SIZE = 48 * 1024,
    ARENA_SIZE = 24 * 1024 * 1024, /* reserved, not used */
    SMALL_ARENA_SIZE = 1024 * 1024,
    LAST_ARENA_SIZE = 224 * 1024,
    NEEDED_DESCRIPTORS = 16,
};

/* For a process that is out of address space. */
static uint8_t last_arena[LAST_ARENA_SIZE] APART;

static long map_arena(size_t size) {
    long memory = sys(SYS_mmap, NULL, size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    /* Clearing two megabytes at the first touch takes longer than all the rest. */
    if (memory >= 0)
        sys(SYS_madvise, memory, size, MADV_NOHUGEPAGE);
    return memory;
}

static struct arena get_arena(bool vfork_child, size_t *mapped) {
    long memory;

    *mapped = ARENA_SIZE;
    memory = map_arena(*mapped);
    if (memory < 0) {
        *mapped = SMALL_ARENA_SIZE;
        memory = map_arena(*mapped);
    }
    if (memory >= 0)
        return (struct arena){.at = (uint8_t *)memory, .left = *mapped};
    *mapped = 0;
    /* A vfork child must leave the memory of its parent alone. */
    if (vfork_child)
        return (struct arena){0};
    return (struct arena){.at = last_arena, .left = sizeof last_arena};
}

/* A sandbox that traps a call lets the next way be tried; one that kills ends the report. */
static void on_forbidden_call(int signal, siginfo_t *info, void *context) {
    arch_set_result(context, -ENOSYS);
}

static void use_own_signals(void) {
    const struct kernel_sigaction trapped = {
        .handler = on_forbidden_call,
        .flags = SA_SIGINFO | ARCH_SA_RESTORER,
        .restorer = (void *)arch_signal_return,
    };
    const struct kernel_sigaction action = {.handler = (void *)SIG_DFL};
    const uint64_t signals = hook_settings.signals | signal_bit(SIGALRM);
    const uint64_t blocked =
        ~(SYNCHRONOUS_SIGNALS | signal_bit(SIGALRM) | signal_bit(GUARD_SIGNAL));

    for (int signal = 1; signal < 32; signal++) {
        if (signals & signal_bit(signal))
            sys_sigaction(signal, &action, NULL);
    }
    sys_sigaction(SIGSYS, &trapped, NULL);
    sys_sigmask(SIG_SETMASK, &blocked, NULL);
}

/* Any other signal does not wake who has one pending already, as that of the guard. */
static void limit_time(void) {
    const uint32_t most = hook_settings.timeout_ms + GUARD_LAST_MS;
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGKILL};
    const struct itimerspec timer = {
        .it_value = {.tv_sec = most / 1000, .tv_nsec = most % 1000 * 1000000}};
    const struct itimerval alarm = {
        .it_value = {.tv_sec = most / 1000, .tv_usec = most % 1000 * 1000}};
    int id;

    if (sys(SYS_timer_create, CLOCK_MONOTONIC, &event, &id) < 0 ||
        sys(SYS_timer_settime, id, 0, &timer, NULL) < 0)
        sys(SYS_setitimer, ITIMER_REAL, &alarm, NULL);
}

static void forbid_core(void) {
    struct rlimit limit;

    if (sys(SYS_prlimit64, 0, RLIMIT_CORE, NULL, &limit) < 0)
        return;
    /* 1, because a core_pattern that is a program is run for 0 as well. */
    limit.rlim_cur = limit.rlim_max < 1 ? limit.rlim_max : 1;
    sys(SYS_prlimit64, 0, RLIMIT_CORE, &limit, NULL);
}

/* A process that died because it ran out of descriptors has none for its report either, but the
 * helper has a copy of the table that it may do with as it likes. */
static void make_room_for_descriptors(void) {
    struct rlimit limit;
    long fd = sys(SYS_openat, AT_FDCWD, "/", O_PATH | O_CLOEXEC);

    if (fd >= 0)
        sys(SYS_close, fd);
    if (fd != -EMFILE)
        return;
    if (sys(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, &limit) == 0) {
        const struct rlimit more = {NEEDED_DESCRIPTORS, NEEDED_DESCRIPTORS};
        limit.rlim_cur = limit.rlim_max;
        /* Root may have more than the limit says. */
        if (limit.rlim_max >= NEEDED_DESCRIPTORS ||
            sys(SYS_prlimit64, 0, RLIMIT_NOFILE, &more, NULL) < 0)
            sys(SYS_prlimit64, 0, RLIMIT_NOFILE, &limit, NULL);
    }
    for (int i = 0; i < NEEDED_DESCRIPTORS; i++)
        sys(SYS_close, i);
}

static int helper_main(void *argument) {
    struct capture *capture = argument;
    void *guard_stack;

    use_own_signals();
    limit_time();
    forbid_core();
    make_room_for_descriptors();
    capture->in_helper = true;
    guard_stack = capture->arena.left > SMALL_ARENA_SIZE / 2
                      ? arena_take(&capture->arena, GUARD_STACK_SIZE)
                      : NULL;
    if (guard_stack != NULL)
        guard_begin(&capture->guard, guard_stack);
    capture_run(capture);
    return 0;
}

static int run_in_line(void *argument) {
    capture_run(argument);
    return 0;
}

static long start_helper(uint8_t *stack, struct capture *capture) {
    const unsigned long flags = CLONE_VM | CLONE_VFORK;
    long result;

    if (sandbox_guards &&
        !sandbox_allows(SYS_clone, (uint64_t[6]){flags, (uint64_t)stack}, &result))
        return result;
    return arch_clone(flags, stack, helper_main, capture);
}

static void report(const struct report_request *request) {
    size_t mapped;
    struct arena arena = get_arena(request->vfork_child, &mapped);
    uint8_t *stack = arena_take(&arena, STACK_SIZE), *start = stack;
    struct capture *capture = arena_take(&arena, sizeof *capture);
    int status = 0;
    long child;

    if (capture == NULL)
        return;
    text_zero(capture, sizeof *capture);
    capture->request = *request;
    capture->arena = arena;
    capture->pid = sandbox_pid();
    sys(SYS_clock_gettime, CLOCK_REALTIME, &capture->time);
    sys(SYS_clock_gettime, CLOCK_BOOTTIME, &capture->uptime);
    sys(SYS_clock_gettime, CLOCK_MONOTONIC, &capture->began);
    if (!request->vfork_child && !request->goes_on)
        threads_prepare(&capture->threads, &capture->arena);
    child = start_helper(stack + STACK_SIZE, capture);
    if (child < 0)
        arch_call_on(stack + STACK_SIZE, run_in_line, capture);
    else
        sys(SYS_wait4, child, &status, __WALL, NULL);
    /* Where a sandbox has killed the helper it would kill the process, too. */
    if (child >= 0 && WIFSIGNALED(status) && WTERMSIG(status) != SIGSYS)
        channel_rescue(&capture->channel);
    if ((request->vfork_child || request->goes_on) && mapped > 0)
        sys(SYS_munmap, start, mapped);
}

void helper_report(const struct report_request *request) {
    sandbox_begin();
    report(request);
    /* The rest of its death is up to the child, but the parent's calls are not. */
    if (request->vfork_child)
        sandbox_end();
}
