/* SPDX-License-Identifier: MIT */
/* What the walk must know about x86_64; the only place that knows it. */
#ifndef SYMBOLIZER_ARCH_X86_64_H
#define SYMBOLIZER_ARCH_X86_64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct walk;

enum {
    ARCH_REGISTERS = 17, /* DWARF's numbers, which are libunwind's and the snapshot's too */
    ARCH_FP = 6,
    ARCH_SP = 7,
    ARCH_PC = 16,
    ARCH_WORD = 8,
    ARCH_VECTOR_0 = 17,    /* xmm0, by DWARF's numbers */
    ARCH_CALL_LONGEST = 7, /* bytes of the longest call instruction that is recognized */
};

/* Registers of one frame; bit n of known: value[n] is. */
struct cpu {
    uint64_t value[ARCH_REGISTERS];
    uint32_t known;
};

static inline bool cpu_knows(const struct cpu *cpu, unsigned number) {
    return cpu->known >> number & 1;
}

static inline void cpu_set(struct cpu *cpu, unsigned number, uint64_t value) {
    cpu->value[number] = value;
    cpu->known |= 1u << number;
}

/* Registers that a called function leaves as they were, and with them the ones that a step sets. */
bool arch_survives_call(unsigned number);

/* Do bytes, which end at address, end in a call? *target: where it goes, 0 if that is not in the
 * instruction. */
bool arch_ends_in_call(const uint8_t *bytes, size_t size, uint64_t address, uint64_t *target);

/* Where an entry of the procedure linkage table jumps to: by way of a slot in the global offset
 * table, or through the dynamic linker, which it tells the index of its relocation. */
struct arch_plt_entry {
    bool has_slot;
    uint64_t slot;
    uint32_t index;
};

bool arch_read_plt(const uint8_t *code, size_t size, uint64_t address, struct arch_plt_entry *ret);

/* Is this the code that a signal handler returns to? Then reads the interrupted registers, which
 * the kernel left at sp. */
bool arch_is_trampoline(struct walk *walk, uint64_t pc);
bool arch_interrupted(struct walk *walk, uint64_t sp, struct cpu *ret);

/* Is it a call to target that returns to address? cpu: the registers of the moment of the call. */
bool arch_call_leads_to(struct walk *walk, const struct cpu *cpu, uint64_t address,
                        uint64_t target);

/* The function whose instructions are followed. */
struct arch_code {
    uint64_t start, end; /* 0 if unknown */
    bool part;           /* only of a function: it is jumped to, not called */
    bool exact;          /* it is at pc that it goes on, not where a call should have returned to */
    bool (*lookup)(struct walk *walk, uint64_t address, struct arch_code *ret);
};

struct arch_return {
    struct cpu cpu; /* of the caller */
    bool certain;   /* all the instructions are the function's own */
};

struct arch_accept {
    bool (*call)(void *data, const struct arch_return *found);
    void *data;
};

/* Follows the instructions from the function's entry to start, or from there to where it returns,
 * until accept likes what stands where the return address must be. budget: of instructions. */
bool arch_follow_code(struct walk *walk, const struct cpu *start, const struct arch_code *code,
                      const struct arch_accept *accept, size_t *budget);

/* The registers (bit n: DWARF's number n) that the code of a function at [start, end) cannot have
 * changed when it has come to pc for the first time, which is behind a call that has not returned
 * or at an instruction that was interrupted. 0 where that is not certain. */
uint64_t arch_untouched(struct walk *walk, uint64_t start, uint64_t end, uint64_t pc);

/* Where the program's own thread-local variable at offset is: its block lies below the thread
 * pointer (variant II of the ELF specification for thread-local storage). */
uint64_t arch_thread_local(uint64_t thread_pointer, uint64_t block_size, uint64_t alignment,
                           uint64_t offset);

#endif
