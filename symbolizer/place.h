/* SPDX-License-Identifier: MIT */
/* Where an object is: what a DWARF expression makes, read bit by bit. */
#ifndef SYMBOLIZER_PLACE_H
#define SYMBOLIZER_PLACE_H

#include "symbolizer/dwarf/die.h"

struct activation;

enum outcome {
    OUTCOME_OK,
    OUTCOME_OPTIMIZED_OUT,
    OUTCOME_NOT_CAPTURED,
    OUTCOME_SYNTHETIC, /* a pointer to an object that has no address */
};

struct piece {
    enum {
        PIECE_NOWHERE, /* optimized out */
        PIECE_UNKNOWN, /* it cannot be told from what was captured */
        PIECE_MEMORY,
        PIECE_REGISTER,
        PIECE_VALUE,
        PIECE_BYTES,
        PIECE_POINTER, /* to target, which has no address */
    } kind;
    uint64_t bits;   /* its size; UINT64_MAX for all of the object */
    uint64_t skip;   /* bits of the source that stand before it */
    uint64_t number; /* address, number of the register, value, or offset in target */
    const uint8_t *bytes;
    size_t size;
    struct dw_die target;
};

enum { PLACE_PIECES = 32 };

struct place {
    size_t n;
    struct piece pieces[PLACE_PIECES];
};

struct place place_in_memory(uint64_t address);
struct place place_of_bytes(const uint8_t *bytes, size_t size);

/* Bits [first, first + n) of the object, n at most 8 * size of buffer; into the low bits of buffer,
 * the rest of its last byte is 0. */
enum outcome place_read(const struct activation *activation, const struct place *place,
                        uint64_t first, uint64_t n, uint8_t *buffer);
/* Bytes from a byte on; how many there are until one cannot be had. */
size_t place_read_bytes(const struct activation *activation, const struct place *place,
                        uint64_t first, uint8_t *buffer, size_t size);
/* The address of a bit of it, if it is in memory as a whole and at a byte. */
bool place_address(const struct place *place, uint64_t bit, uint64_t *ret);
/* What a pointer in it points to, where that has no address. */
bool place_target(const struct place *place, uint64_t bit, struct dw_die *ret, int64_t *offset);

#endif
