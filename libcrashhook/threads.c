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
#include <fcntl.h>
#include <linux/futex.h>
#include <sys/prctl.h>
#include <time.h>

#include "libcrashhook/hook.h"
#include "libcrashhook/procfs.h"
#include "libcrashhook/syscalls.h"
#include "libcrashhook/text.h"

enum {
    FREEZE_SIGNAL = 33,
    MAX_THREADS = 32 * 1024,
    PATIENCE_MS = 100, /* in all, from the last thread that answered on */
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
    for (;;)
        sys(SYS_futex, &freeze->never, FUTEX_WAIT_PRIVATE, 0, NULL);
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

static void add_task(struct threads *threads, size_t room, int tid) {
    if (threads->n_tids < room)
        threads->tids[threads->n_tids++] = tid;
    else
        threads->unlisted++;
}

static void list_tasks(struct threads *threads, struct arena *arena, const char *proc, int skip) {
    struct {
        uint64_t inode;
        int64_t offset;
        uint16_t length;
        uint8_t type;
        char name[];
    } * entry;
    size_t room = arena->left / 32 / sizeof *threads->tids;
    _Alignas(8) char buffer[8192];
    char path[64];
    struct text text = text_in(path, sizeof path);
    long directory, size;

    if (room > MAX_THREADS)
        room = MAX_THREADS;
    threads->tids = arena_take_end(arena, room * sizeof *threads->tids);
    if (threads->tids == NULL)
        return;
    text_add(&text, proc);
    text_add(&text, "/task");
    directory = procfs_open(path, O_DIRECTORY);
    if (directory < 0)
        return;
    while ((size = sys(SYS_getdents64, directory, buffer, sizeof buffer)) > 0) {
        for (long at = 0; at < size; at += entry->length) {
            const char *name;
            uint64_t tid;
            entry = (void *)(buffer + at);
            name = entry->name;
            if (!text_number(&name, 10, &tid))
                continue;
            threads->n_all++;
            if ((int)tid != skip)
                add_task(threads, room, (int)tid);
        }
    }
    sys(SYS_close, directory);
}

void threads_freeze(struct threads *threads, struct arena *arena, const char *proc, int pid,
                    int tid) {
    unsigned sent = 0;

    list_tasks(threads, arena, proc, tid);
    if (threads->can_freeze) {
        for (unsigned i = 0; i < threads->n_tids; i++)
            sent += sys(SYS_tgkill, pid, threads->tids[i], FREEZE_SIGNAL) == 0;
    }
    atomic_store(&threads->freeze.expected, sent);
}

/* A thread that the kernel keeps (vfork, a dead file system), or that has ended, answers nothing.
 */
static bool anyone_left(const struct threads *threads, const char *proc) {
    for (unsigned i = 0; i < threads->n_tids; i++) {
        char state;
        if (threads_find(threads, threads->tids[i]) != NULL)
            continue;
        state = procfs_task_state(proc, threads->tids[i]);
        if (state == 'R' || state == 'S')
            return true;
    }
    return false;
}

void threads_wait(struct threads *threads, const char *proc) {
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

const struct frozen *threads_find(const struct threads *threads, int tid) {
    unsigned arrived = atomic_load(&threads->freeze.arrived);

    for (unsigned i = 0; i < arrived && i < threads->freeze.slots; i++) {
        if (atomic_load(&threads->freeze.frozen[i].tid) == tid)
            return &threads->freeze.frozen[i];
    }
    return NULL;
}
