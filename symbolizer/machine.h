/* SPDX-License-Identifier: MIT */
/* The stack machine of DWARF expressions (DWARF 5, 2.5.1), for those who evaluate them. */
#ifndef SYMBOLIZER_MACHINE_H
#define SYMBOLIZER_MACHINE_H

#include "symbolizer/arithmetic.h"
#include "symbolizer/dwarf/bytes.h"
#include "symbolizer/expression.h"

enum { MACHINE_STACK = 64 };

struct machine {
    const struct activation *activation;
    struct operand stack[MACHINE_STACK];
    size_t n;
    unsigned steps;
    const uint64_t *start;
    bool broken;
    /* Of the piece that is being made: what its value needs and is not to be had. */
    enum outcome lost;
    struct piece piece; /* PIECE_MEMORY: where the top of the stack says */
    bool empty;         /* nothing has been said about it */
    struct place *place;
};

void machine_push_typed(struct machine *machine, struct operand operand);
void machine_push(struct machine *machine, uint64_t value);
struct operand machine_pop(struct machine *machine);
/* Goes on, so that what follows can still be read: other pieces may be known. */
void machine_lose(struct machine *machine, enum outcome why);

/* An operation on the stack alone; bytes stands behind its number. False if it is none. */
bool machine_operate(struct machine *machine, struct bytes *bytes,
                     const struct expression *expression, unsigned operation);

#endif
