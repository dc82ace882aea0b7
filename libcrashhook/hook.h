/* SPDX-License-Identifier: MIT */
/* What the parts of the hook share: settings, who this process is, what each thread is doing. */
#ifndef LIBCRASHHOOK_HOOK_H
#define LIBCRASHHOOK_HOOK_H

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libcrashhook/arch.h"
#include "libcrashhook/sandbox.h"
#include "snapshot/handshake.h"

#define EXPORT __attribute__((visibility("default")))
/* Found without a call, so that signal handlers may touch it; the hook is always loaded at start.
 */
#define THREADED __thread __attribute__((tls_model("initial-exec")))

/* What few processes ever touch, on pages of its own: so that what all write stands on one. */
#define APART __attribute__((aligned(4096)))

static inline uint64_t signal_bit(int signal) {
    return (uint64_t)1 << (signal - 1);
}

/* The signals that a thread does to itself: blocked, they kill without a handler. */
#define SYNCHRONOUS_SIGNALS                                                                        \
    (signal_bit(SIGSEGV) | signal_bit(SIGBUS) | signal_bit(SIGILL) | signal_bit(SIGFPE) |          \
     signal_bit(SIGTRAP) | signal_bit(SIGSYS))

/* The C library's own (cancellation, setuid in all threads): it lets nobody block them. */
static const uint64_t LIBC_SIGNALS = (uint64_t)3 << (32 - 1);

/* Read once at the start, because programs change their environment; constant from then on. */
struct hook_settings {
    bool active;
    bool secure; /* AT_SECURE: nothing from the environment is believed */
    bool verbose;
    bool handled; /* report programs that end themselves in a handler, too */
    uint32_t timeout_ms;
    uint64_t signals; /* that we stand in for */
    uint64_t page_size;
    /* From the auxiliary vector, for where there is no /proc. */
    const char *executable;
    uint64_t headers, vdso;
    size_t n_headers;
    char socket[108];
    char drop_dir[512];
    char run_id[HANDSHAKE_RUN_ID_SIZE];
};
extern struct hook_settings hook_settings;

/* On a page that the kernel clears in a forked child: pid 0 means "just forked", another pid than
 * the own one means that the memory is the parent's (vfork). */
struct hook_identity {
    atomic_int pid;
    atomic_int dying;     /* tid of the thread whose death is being reported */
    atomic_int giving_up; /* of one whose handler has put back the default action */
    atomic_int heir;      /* of one that is to report the signal that another thread was sent */
    _Atomic(struct freeze *) freeze;
};
extern struct hook_identity *hook_identity;

struct hook_thread {
    uint64_t blocked;          /* synchronous signals that the program thinks it has blocked */
    uint64_t held;             /* of those, what the kernel has blocked because one was put back */
    struct masks_wait *waits;  /* innermost call that waits with a mask of its own */
    struct cause_record *live; /* innermost of the program's handlers that may still be running */
    const ucontext_t *waiting; /* crashed too, while another thread's death is reported */
    const struct sandbox_filter *sandbox; /* put on this thread, newest first */
    void *altstack;                       /* ours; NULL when there is none */
    bool altstack_hidden;    /* ours is in use, the program is shown that it has none */
    stack_t small_stack;     /* or one that it set, too small for any signal */
    uint64_t room, room_end; /* of a stack, where the kernel could write last */
};
extern THREADED struct hook_thread hook_thread;

/* Makes the hook ready; called by the constructor, and before it by whoever is faster. */
void hook_start(void);
/* The same before any constructor, because the process dies. */
void hook_start_early(void);
/* Does this code run in a vfork child, in the memory of its parent? Sets a forked child's pid. */
bool hook_in_vfork_child(void);

#endif
