/* SPDX-License-Identifier: MIT */
/* What single instructions do with the registers and the stack, and which ways they lead to. */
#ifndef SYMBOLIZER_ARCH_X86_64_CODE_H
#define SYMBOLIZER_ARCH_X86_64_CODE_H

#include <Zydis/Zydis.h>

#include "symbolizer/arch_x86_64.h"
#include "symbolizer/symbolizer.h"

enum {
    WAYS = 48,           /* that wait to be tried */
    STORES = 24,         /* words that the followed instructions wrote */
    INSTRUCTIONS = 3000, /* that are followed in all */
    VISITED = 8192,      /* a power of 2 beyond INSTRUCTIONS */
    PADDING = 16,        /* functions begin at its multiples */
    LONGEST = ZYDIS_MAX_INSTRUCTION_LENGTH,
};

struct store {
    uint64_t address, size, value;
    bool known;
};

struct way {
    struct cpu cpu;
    struct store stores[STORES];
    size_t n_stores;
    uint64_t popped; /* arguments, by its return */
    bool certain;    /* nothing was passed that may not be of the same function */
};

struct search {
    struct walk *walk;
    const struct arch_code *code;
    ZydisDecoder decoder;
    struct way ways[WAYS];
    size_t n_ways;
    uint64_t visited[VISITED];
    uint64_t wanted; /* where to stop; 0: at the return */
    size_t left;     /* instructions */
};

enum outcome {
    GOES_ON,
    RETURNS, /* the return address is at the stack pointer */
    IS_LOST,
};

/* Executes one instruction, whose address is way's pc. */
enum outcome code_execute(struct search *search, struct way *way,
                          const ZydisDecodedInstruction *instruction,
                          const ZydisDecodedOperand *operands);
/* What a called function leaves unknown. */
void code_after_call(struct way *way);
/* The value of an operand, if it is known; next: address of the next instruction. */
bool code_operand(struct walk *walk, const struct way *way, const ZydisDecodedOperand *operand,
                  uint64_t next, uint64_t *value);

#endif
