/* SPDX-License-Identifier: MIT */
/* From a thread's registers to the addresses of its frames. */
#ifndef SYMBOLIZER_UNWIND_H
#define SYMBOLIZER_UNWIND_H

#include "symbolizer/arch_x86_64.h"
#include "symbolizer/frame.h"
#include "symbolizer/walk.h"

enum { UNWIND_FRAMES_LIMIT = 64 << 10 };

struct unwound {
    uint64_t pc;
    enum frame_trust trust;
    bool interrupted, trampoline, after_gap;
};

struct unwound_stack {
    struct unwound *frames; /* newest first */
    size_t n, allocated;
    bool complete;
    const char *ended;
};

/* A frame's registers and whether its pc is exact. */
struct position {
    struct cpu cpu;
    struct unwound frame;
};

enum step {
    STEP_OK,      /* position is the caller's */
    STEP_END,     /* the position was where the thread began */
    STEP_UNKNOWN, /* there is no call frame information, or it leads nowhere */
    STEP_MISSING, /* the snapshot lacks the memory for it */
};

/* Lets libunwind make the system calls of its first use (pipe2, mincore) now, before a sandbox
 * forbids them. */
void unwinder_prepare(void);

struct unwinder;
/* 0 or -ENOMEM. */
int unwinder_new(struct walk *walk, struct unwinder **ret);
void unwinder_free(struct unwinder *unwinder);

/* One step by call frame information alone. */
enum step unwind_by_cfi(struct walk *walk, struct position *position);

/* A whole stack. 0 or -ENOMEM. */
int unwind_stack(struct walk *walk, const struct cpu *start, struct unwound_stack *ret);

/* Address for looking things up: inside of the call, where pc is its return address. */
static inline uint64_t position_lookup(const struct position *position) {
    uint64_t pc = position->cpu.value[ARCH_PC];
    return pc - !(position->frame.interrupted || position->frame.trampoline);
}

#endif
