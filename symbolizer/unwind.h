/* SPDX-License-Identifier: MIT */
/* From a thread's registers to the addresses of its frames. */
#ifndef SYMBOLIZER_UNWIND_H
#define SYMBOLIZER_UNWIND_H

#include "symbolizer/arch_x86_64.h"
#include "symbolizer/frame.h"
#include "symbolizer/walk.h"

enum { UNWIND_FRAMES_LIMIT = 64 << 10 };

/* One physical frame. The registers are those of the moment when it was interrupted, or of its call
 * of the next newer one: all of them in the first case, in the second those that the called
 * function left or saved, as far as it is known. */
struct unwound {
    struct cpu cpu;
    uint64_t cfa;     /* by call frame information, else 0 */
    uint32_t vectors; /* bit n: vector register n is what it is in the newest frame */
    enum frame_trust trust;
    bool interrupted, trampoline, after_gap;
    bool entry; /* pc is a function's first instruction, laid there to be returned to by who made
                   the stack: makecontext does */
};

struct unwound_stack {
    struct unwound *frames; /* newest first */
    size_t n, allocated;
    bool complete;
    const char *ended;
    uint64_t thread_pointer; /* 0 if unknown */
    const uint8_t *vectors;  /* the vector registers of frames[0], NULL if unknown */
};

enum step {
    STEP_OK,      /* position is the caller's */
    STEP_END,     /* the position was where the thread began */
    STEP_NOTHING, /* it returns to address 0: so do ends of stacks, and words that are left over */
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

/* One step by call frame information alone. *cfa: that of the frame that was left, 0 if unknown. */
enum step unwind_by_cfi(struct walk *walk, struct unwound *position, uint64_t *cfa);

/* The function that address is in, by call frame information. */
bool unwind_function(struct walk *walk, uint64_t address, uint64_t *start, uint64_t *end);

/* A whole stack. 0 or -ENOMEM. */
int unwind_stack(struct walk *walk, const struct cpu *start, struct unwound_stack *ret);

/* Address for looking things up: inside of the call, where pc is its return address. */
static inline uint64_t position_lookup(const struct unwound *position) {
    uint64_t pc = position->cpu.value[ARCH_PC];
    return pc - !(position->interrupted || position->trampoline || position->entry);
}

#endif
