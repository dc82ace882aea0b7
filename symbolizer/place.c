/* SPDX-License-Identifier: MIT */
#include "symbolizer/place.h"

#include <string.h>

#include "symbolizer/activation.h"

enum { CHUNK = 64 };

struct place place_in_memory(uint64_t address) {
    struct place place = {.n = 1};
    place.pieces[0] = (struct piece){.kind = PIECE_MEMORY, .bits = UINT64_MAX, .number = address};
    return place;
}

struct place place_of_bytes(const uint8_t *bytes, size_t size) {
    struct place place = {.n = 1};
    place.pieces[0] =
        (struct piece){.kind = PIECE_BYTES, .bits = UINT64_MAX, .bytes = bytes, .size = size};
    return place;
}

/* The piece that holds a bit, which *bit then counts from the piece's beginning. */
static const struct piece *piece_at(const struct place *place, uint64_t *bit) {
    for (size_t i = 0; i < place->n; i++) {
        if (*bit < place->pieces[i].bits)
            return &place->pieces[i];
        *bit -= place->pieces[i].bits;
    }
    return NULL;
}

static enum outcome copy(const uint8_t *from, size_t size, uint64_t first, uint8_t *to, size_t n) {
    if (first > size || n > size - first)
        return OUTCOME_OPTIMIZED_OUT;
    memcpy(to, from + first, n);
    return OUTCOME_OK;
}

/* Whole bytes of the source of a piece. */
static enum outcome read_source(const struct activation *activation, const struct piece *piece,
                                uint64_t first, uint8_t *to, size_t n) {
    const uint8_t *vector;
    uint64_t value;
    switch (piece->kind) {
    case PIECE_MEMORY:
        return activation_memory(activation, piece->number + first, to, n) == n
                   ? OUTCOME_OK
                   : OUTCOME_NOT_CAPTURED;
    case PIECE_REGISTER:
        vector = activation_vector(activation, (unsigned)piece->number);
        if (vector)
            return copy(vector, SNAPSHOT_VECTOR_SIZE, first, to, n);
        if (!activation_register(activation, (unsigned)piece->number, &value))
            return OUTCOME_NOT_CAPTURED;
        return copy((const uint8_t *)&value, sizeof(value), first, to, n);
    case PIECE_VALUE:
        return copy((const uint8_t *)&piece->number, sizeof(piece->number), first, to, n);
    case PIECE_BYTES:
        return copy(piece->bytes, piece->size, first, to, n);
    case PIECE_POINTER:
        return OUTCOME_SYNTHETIC;
    case PIECE_UNKNOWN:
        return OUTCOME_NOT_CAPTURED;
    default:
        return OUTCOME_OPTIMIZED_OUT;
    }
}

/* n is at most 8 * (CHUNK - 1). */
static enum outcome read_bits(const struct activation *activation, const struct piece *piece,
                              uint64_t first, uint64_t n, uint8_t *to, uint64_t to_bit) {
    uint8_t bytes[CHUNK];
    uint64_t from = piece->skip + first, begin = from / 8, end = (from + n + 7) / 8;
    enum outcome outcome = read_source(activation, piece, begin, bytes, (size_t)(end - begin));
    if (outcome != OUTCOME_OK)
        return outcome;
    if (from % 8 == 0 && to_bit % 8 == 0 && n % 8 == 0) {
        memcpy(to + to_bit / 8, bytes, n / 8);
        return OUTCOME_OK;
    }
    for (uint64_t i = 0; i < n; i++) {
        uint64_t source = from % 8 + i, target = to_bit + i;
        to[target / 8] |= (uint8_t)((bytes[source / 8] >> source % 8 & 1) << target % 8);
    }
    return OUTCOME_OK;
}

enum outcome place_read(const struct activation *activation, const struct place *place,
                        uint64_t first, uint64_t n, uint8_t *buffer) {
    memset(buffer, 0, (size_t)((n + 7) / 8));
    for (uint64_t done = 0; done < n;) {
        uint64_t bit = first + done, part = n - done;
        const struct piece *piece = piece_at(place, &bit);
        if (!piece)
            return OUTCOME_OPTIMIZED_OUT;
        if (part > piece->bits - bit)
            part = piece->bits - bit;
        if (part > 8 * (CHUNK - 8))
            part = 8 * (CHUNK - 8);
        enum outcome outcome = read_bits(activation, piece, bit, part, buffer, done);
        if (outcome != OUTCOME_OK)
            return outcome;
        done += part;
    }
    return OUTCOME_OK;
}

size_t place_read_bytes(const struct activation *activation, const struct place *place,
                        uint64_t first, uint8_t *buffer, size_t size) {
    uint64_t address;
    if (place_address(place, first * 8, &address))
        return activation_memory(activation, address, buffer, size);
    size_t done = 0;
    while (done < size &&
           place_read(activation, place, (first + done) * 8, 8, buffer + done) == OUTCOME_OK)
        done++;
    return done;
}

bool place_address(const struct place *place, uint64_t bit, uint64_t *ret) {
    if (place->n != 1 || place->pieces[0].kind != PIECE_MEMORY ||
        (place->pieces[0].skip + bit) % 8 != 0)
        return false;
    *ret = place->pieces[0].number + (place->pieces[0].skip + bit) / 8;
    return true;
}

bool place_target(const struct place *place, uint64_t bit, struct dw_die *ret, int64_t *offset) {
    const struct piece *piece = piece_at(place, &bit);
    if (!piece || piece->kind != PIECE_POINTER || bit != 0)
        return false;
    *ret = piece->target;
    *offset = (int64_t)piece->number;
    return true;
}
