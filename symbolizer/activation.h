/* SPDX-License-Identifier: MIT */
/* One physical frame whose variables are read: registers, memory, and the function that it is in.
 */
#ifndef SYMBOLIZER_ACTIVATION_H
#define SYMBOLIZER_ACTIVATION_H

#include "symbolizer/dwarf/die.h"
#include "symbolizer/tailcalls.h"
#include "symbolizer/unwind.h"
#include "symbolizer/walk.h"

struct activation {
    struct walk *walk;
    const struct unwound_stack *stack;
    size_t index; /* in stack */
    const struct cpu *cpu;
    uint64_t cfa;            /* 0 if unknown */
    uint64_t thread_pointer; /* 0 if unknown */
    const struct elf_file *file;
    int module;
    bool is_program; /* file is the executable */
    uint64_t bias;
    uint64_t address;       /* that blocks and location lists are looked up with: p_vaddr */
    struct dw_die function; /* concrete, not inlined */
    unsigned depth;         /* of callers that were asked for what this one is told of */
    uint64_t pc;            /* of the process, behind the call or jump that it is in */
    /* Where functions left by tail calls between it and its caller: which of them it is, 0 for the
     * one that is on the stack. */
    struct tailcalls jumps;
    size_t jump;
    bool unspoiled; /* what is read was not changed by the call, whatever the convention allows */
};

/* False if the frame is in no function that debug information knows. */
bool activation_of(struct walk *walk, const struct unwound_stack *stack, size_t index,
                   struct activation *ret);
/* That of the function that left by jumps->pc[jump], between stack->frames[index] and its caller.
 */
bool activation_of_jump(struct walk *walk, const struct unwound_stack *stack, size_t index,
                        const struct tailcalls *jumps, size_t jump, struct activation *ret);
/* That of the caller; false if there is none that is known for sure. */
bool activation_caller(const struct activation *activation, struct activation *ret);

/* The low 64 bits of a register, by DWARF's number. */
bool activation_register(const struct activation *activation, unsigned number, uint64_t *ret);
/* All of a vector register; NULL if it is not one, or not known. */
const uint8_t *activation_vector(const struct activation *activation, unsigned number);
size_t activation_memory(const struct activation *activation, uint64_t address, void *buffer,
                         size_t size);
/* Where the thread-local variable of the frame's module is. */
bool activation_thread_local(const struct activation *activation, uint64_t offset, uint64_t *ret);
/* Takes n from what all variables of a snapshot may cost; false when that is used up. */
bool activation_spend(const struct activation *activation, size_t n);

#endif
