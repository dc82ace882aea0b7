/* SPDX-License-Identifier: MIT */
/* Writing of pieces (symbolizer/index/format.h), one at a time, in the order of addresses. */
#ifndef SYMBOLIZER_INDEX_PIECE_H
#define SYMBOLIZER_INDEX_PIECE_H

#include "symbolizer/index/buffer.h"
#include "symbolizer/index/format.h"

enum { INDEX_PIECE_RECENT = 64 };

struct piece_place {
    uint32_t file; /* offset of its path, 0: none */
    uint32_t line, column, discriminator;
};

struct index_piece {
    bool open;
    uint32_t turn; /* counts pieces */
    uint64_t low, address;
    uint32_t comp_dir;
    struct buffer files, chunks, nodes, entries;
    struct {
        uint32_t text, number;
    } recent[INDEX_PIECE_RECENT]; /* files, by text */
    size_t in_chunk, n_entries;
    uint64_t node;
    struct piece_place place, last; /* of the last entry */
};

void index_piece_free(struct index_piece *piece);
void index_piece_start(struct index_piece *piece, uint64_t low, uint32_t comp_dir);
/* The number in this piece of the file whose path is at text. */
uint32_t index_piece_file(struct index_piece *piece, uint32_t text);
/* What holds from address on. Nothing is added that says what holds already. */
void index_piece_entry(struct index_piece *piece, uint64_t address, uint64_t node,
                       const struct piece_place *place, const struct piece_place *last);
bool index_piece_full(const struct index_piece *piece);
/* Adds the piece to ret; -ENOMEM if anything before has failed. high: behind its last address. */
int index_piece_finish(struct index_piece *piece, uint64_t high, struct buffer *ret);

#endif
