/* SPDX-License-Identifier: MIT */
/* Stops the other threads, and knows where each one was. */
#ifndef LIBCRASHHOOK_THREADS_H
#define LIBCRASHHOOK_THREADS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libcrashhook/arena.h"
#include "libcrashhook/arch.h"

/* What a stopped thread says about itself. */
struct frozen {
    atomic_int tid; /* set last */
    const ucontext_t *context;
    uint64_t thread_pointer;
    char name[16];
};

/* Seen by all threads. */
struct freeze {
    atomic_uint arrived, answered, expected;
    unsigned slots;
    struct frozen *frozen;
};

struct threads {
    struct freeze freeze;
    bool can_freeze;
    int pid, tid;  /* of the crashed one */
    int *tids;     /* all others, sorted */
    bool *stopped; /* each of them, after threads_wait() */
    unsigned n_tids, room, sent;
    unsigned n_all;
    unsigned unlisted; /* more than there was room for */
};

/* In the dying process, before the helper starts. */
void threads_prepare(struct threads *threads, struct arena *arena);
/* Sends the signal to all threads of the process but tid; proc is its directory in /proc. */
void threads_freeze(struct threads *threads, struct arena *arena, const char *proc, int pid,
                    int tid);
/* Waits until all have stopped, or those that have not will not. */
void threads_wait(struct threads *threads, const char *proc);

#endif
