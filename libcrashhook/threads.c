/* SPDX-License-Identifier: MIT */
/*
 * All threads are stopped by one signal that no mask holds back: glibc keeps 33 (setuid in all
 * threads) out of every mask, musl too (cancellation). Its disposition is replaced only when the
 * process dies. The threads stay in the handler, as their stacks are read.
 *
 * Async-signal-safe, in the dying process, in its other threads and in the helper.
 */
#include "libcrashhook/threads.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/prctl.h>
#include <time.h>

#include "libcrashhook/hook.h"
#include "libcrashhook/procfs.h"
#include "libcrashhook/syscalls.h"
#include "libcrashhook/tasks.h"
#include "libcrashhook/text.h"

enum {
    FREEZE_SIGNAL = 33,
    MAX_THREADS = 32 * 1024,
    PATIENCE_MS = 100, /* in all, from the last thread that answered on */
    LISTED_AGAIN_MAX = 4,
    FIRST_LOOK_MS = 5, /* then: is anyone left that can answer? */
};

static void on_freeze(int signal, siginfo_t *info, void *context) {
    struct freeze *freeze = atomic_load(&hook_identity->freeze);
    unsigned slot = atomic_fetch_add(&freeze->arrived, 1), answered;

    if (slot < freeze->slots) {
        struct frozen *frozen = &freeze->frozen[slot];
        frozen->context = hook_thread.waiting != NULL ? hook_thread.waiting : context;
        frozen->thread_pointer = arch_thread_pointer();
        sys(SYS_prctl, PR_GET_NAME, frozen->name);
        atomic_store(&frozen->tid, sandbox_tid());
    }
    answered = atomic_fetch_add(&freeze->answered, 1) + 1;
    if (answered >= atomic_load(&freeze->expected))
        sys(SYS_futex, &freeze->answered, FUTEX_WAKE_PRIVATE, 1);
    /* Not a futex, whose list a thousand would have to wait for. */
    for (;;)
        sys(SYS_ppoll, NULL, 0, NULL, NULL, SIGSET_SIZE);
}

void threads_prepare(struct threads *threads, struct arena *arena) {
    struct kernel_sigaction action;
    size_t room = arena->left / 16 / sizeof(struct frozen);

    threads->freeze.slots = (unsigned)(room < MAX_THREADS ? room : MAX_THREADS);
    threads->freeze.frozen = arena_take_end(arena, threads->freeze.slots * sizeof(struct frozen));
    if (threads->freeze.frozen == NULL)
        return;
    atomic_store(&threads->freeze.expected, UINT32_MAX);
    action = (struct kernel_sigaction){
        .handler = on_freeze,
        /* Not SA_ONSTACK: a thousand fresh alternate stacks are what costs most. */
        .flags = SA_SIGINFO | ARCH_SA_RESTORER,
        .restorer = (void *)arch_signal_return,
        .mask = UINT64_MAX,
    };
    atomic_store(&hook_identity->freeze, &threads->freeze);
    threads->can_freeze = sys_sigaction(FREEZE_SIGNAL, &action, NULL) == 0;
}

struct listing {
    struct threads *threads;
    int skip;
    unsigned known; /* so many are listed already */
};

static int find_task(const struct threads *threads, unsigned count, int tid) {
    unsigned low = 0, high = count;

    while (low < high) {
        unsigned middle = low + (high - low) / 2;
        if (threads->tids[middle] < tid)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && threads->tids[low] == tid ? (int)low : -1;
}

static void take_task(void *context, int tid) {
    struct listing *listing = context;
    struct threads *threads = listing->threads;

    if (tid == listing->skip || find_task(threads, listing->known, tid) >= 0)
        return;
    threads->n_all++;
    if (threads->n_tids < threads->room)
        threads->tids[threads->n_tids++] = tid;
    else
        threads->unlisted++;
}

/* They come in order, mostly. */
static void sort_tasks(struct threads *threads) {
    for (unsigned gap = threads->n_tids / 2; gap > 0; gap /= 2) {
        for (unsigned i = gap; i < threads->n_tids; i++) {
            int tid = threads->tids[i];
            unsigned at = i;
            for (; at >= gap && threads->tids[at - gap] > tid; at -= gap)
                threads->tids[at] = threads->tids[at - gap];
            threads->tids[at] = tid;
        }
    }
}

/* All that are not listed yet get the signal. */
static void stop_new_ones(struct threads *threads, const char *proc) {
    struct listing listing = {threads, threads->tid, threads->n_tids};

    tasks_list(proc, threads->pid, (int)sys(SYS_getpid), take_task, &listing);
    for (unsigned i = listing.known; threads->can_freeze && i < threads->n_tids; i++)
        threads->sent += sys(SYS_tgkill, threads->pid, threads->tids[i], FREEZE_SIGNAL) == 0;
    atomic_store(&threads->freeze.expected, threads->sent);
    sort_tasks(threads);
}

void threads_freeze(struct threads *threads, struct arena *arena, const char *proc, int pid,
                    int tid) {
    size_t room = arena->left / 32 / sizeof *threads->tids;

    threads->pid = pid;
    threads->tid = tid;
    threads->room = (unsigned)(room < MAX_THREADS ? room : MAX_THREADS);
    threads->tids = arena_take_end(arena, threads->room * sizeof *threads->tids);
    threads->stopped = arena_take_end(arena, threads->room * sizeof *threads->stopped);
    if (threads->tids == NULL || threads->stopped == NULL)
        threads->room = 0;
    threads->n_all = 1;
    stop_new_ones(threads, proc);
}

static void mark_stopped(struct threads *threads) {
    unsigned arrived = atomic_load(&threads->freeze.arrived);

    for (unsigned i = 0; i < threads->n_tids; i++)
        threads->stopped[i] = false;
    for (unsigned i = 0; i < arrived && i < threads->freeze.slots; i++) {
        int tid = atomic_load(&threads->freeze.frozen[i].tid);
        int task = tid != 0 ? find_task(threads, threads->n_tids, tid) : -1;
        if (task >= 0)
            threads->stopped[task] = true;
    }
}

/* A thread that the kernel keeps (vfork, a dead file system), or that has ended, answers nothing.
 */
static bool anyone_left(struct threads *threads, const char *proc) {
    mark_stopped(threads);
    for (unsigned i = 0; i < threads->n_tids; i++) {
        char state;
        if (threads->stopped[i])
            continue;
        state = procfs_task_state(proc, threads->tids[i]);
        if (state == 'R' || state == 'S')
            return true;
    }
    return false;
}

static void wait_for_them(struct threads *threads, const char *proc) {
    unsigned expected = atomic_load(&threads->freeze.expected), waited = 0, before = 0, answered;

    while ((answered = atomic_load(&threads->freeze.answered)) < expected) {
        const struct timespec step = {.tv_sec = 0, .tv_nsec = FIRST_LOOK_MS * 1000000};
        if (sys(SYS_futex, &threads->freeze.answered, FUTEX_WAIT_PRIVATE, answered, &step) !=
            -ETIMEDOUT)
            continue;
        if (answered != before) {
            before = answered;
            waited = 0;
        }
        waited += FIRST_LOOK_MS;
        if (waited >= PATIENCE_MS || !anyone_left(threads, proc))
            break;
    }
}

void threads_wait(struct threads *threads, const char *proc) {
    wait_for_them(threads, proc);
    /* One that was running may have made others before it stopped. */
    for (int i = 0; i < LISTED_AGAIN_MAX; i++) {
        unsigned count = tasks_count(proc), listed = threads->n_tids;
        if ((count == 0 || count == threads->n_all) &&
            atomic_load(&threads->freeze.answered) >= threads->n_tids)
            break;
        stop_new_ones(threads, proc);
        if (threads->n_tids == listed)
            break;
        wait_for_them(threads, proc);
    }
    mark_stopped(threads);
}
