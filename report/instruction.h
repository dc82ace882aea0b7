/* SPDX-License-Identifier: MIT */
/* What the instruction that faulted was doing, by decoding it (Zydis). */
#ifndef REPORT_INSTRUCTION_H
#define REPORT_INSTRUCTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum instruction_class {
    INSTRUCTION_OTHER,
    INSTRUCTION_DIVIDE,
    INSTRUCTION_UNDEFINED,  /* ud2 and its like: put there by a compiler */
    INSTRUCTION_BREAKPOINT, /* int3 */
    INSTRUCTION_PRIVILEGED, /* hlt, in, out: user code may not */
    INSTRUCTION_JUMP,       /* to what a register or memory holds: call, jmp, ret */
};

struct instruction {
    enum instruction_class class;
    char text[96]; /* Intel syntax */
    /* Explicit memory operand, or the stack's for push, pop and call. */
    bool has_access;
    bool reads, writes;
    uint64_t address;
    unsigned size; /* bytes accessed */
    char base[8];  /* register that holds the pointer, "" if none */
    uint64_t base_value;
    int64_t displacement;
    bool has_index;
    /* For a jump: where to, when that is in a register; else it is what is read. */
    bool has_target;
    uint64_t target;
    /* For a division: the divisor when it could be had. */
    bool has_divisor;
    uint64_t divisor;
};

/* registers in the snapshot's order. 0, or -EBADMSG when bytes are no instruction. */
int instruction_decode(const uint8_t *bytes, size_t size, uint64_t pc, const uint64_t *registers,
                       struct instruction *ret);

#endif
