/* SPDX-License-Identifier: MIT */
/* Typed values of DWARF's stack machine, and its calculations (DWARF 5, 2.5.1.4 and 2.5.1.6). */
#ifndef SYMBOLIZER_ARITHMETIC_H
#define SYMBOLIZER_ARITHMETIC_H

#include <stdbool.h>
#include <stdint.h>

struct operand {
    uint64_t bits;    /* beyond size: 0 */
    uint8_t size;     /* 1 to 8 */
    uint8_t encoding; /* DW_ATE_..., 0 for an address or a number of the same kind */
};

bool operand_is_unary(unsigned operation);
bool operand_is_binary(unsigned operation);
/* False, and a result of 0, for what has no result: a division by zero, types that differ. */
bool operand_unary(unsigned operation, struct operand operand, struct operand *ret);
bool operand_binary(unsigned operation, struct operand first, struct operand second,
                    struct operand *ret);
struct operand operand_convert(struct operand from, struct operand type);
struct operand operand_reinterpret(struct operand from, struct operand type);
uint64_t operand_cut(uint64_t bits, unsigned size);

#endif
