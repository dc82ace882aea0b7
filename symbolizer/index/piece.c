/* SPDX-License-Identifier: MIT */
#include "symbolizer/index/piece.h"

#include <errno.h>

enum { ENTRIES_LIMIT = 1024, NODES_LIMIT = 32 << 10, ADVANCE_MAX = 7 };

void index_piece_free(struct index_piece *piece) {
    buffer_free(&piece->files);
    buffer_free(&piece->chunks);
    buffer_free(&piece->nodes);
    buffer_free(&piece->entries);
}

void index_piece_start(struct index_piece *piece, uint64_t low, uint32_t comp_dir) {
    piece->open = true;
    piece->turn++;
    piece->low = low;
    piece->comp_dir = comp_dir;
    piece->files.size = piece->chunks.size = piece->nodes.size = piece->entries.size = 0;
    piece->n_entries = 0;
    memset(piece->recent, 0, sizeof(piece->recent));
}

uint32_t index_piece_file(struct index_piece *piece, uint32_t text) {
    __typeof__(&piece->recent[0]) recent = &piece->recent[text % INDEX_PIECE_RECENT];
    if (text == 0 || recent->text == text)
        return text == 0 ? 0 : recent->number;
    size_t n = piece->files.size / sizeof(text), i = 0;
    while (i < n && memcmp(piece->files.data + i * sizeof(text), &text, sizeof(text)) != 0)
        i++;
    if (i == n)
        buffer_u32(&piece->files, text);
    recent->text = text;
    recent->number = (uint32_t)i + 1;
    return recent->number;
}

static bool same_place(const struct piece_place *a, const struct piece_place *b) {
    return a->file == b->file && a->line == b->line && a->column == b->column &&
           a->discriminator == b->discriminator;
}

static void start_chunk(struct index_piece *piece, uint64_t address) {
    struct index_chunk chunk = {(uint32_t)(address - piece->low), (uint32_t)piece->entries.size};
    buffer_add(&piece->chunks, &chunk, sizeof(chunk));
    piece->in_chunk = 0;
    piece->address = address;
    piece->node = 0;
    piece->place = (struct piece_place){0};
}

void index_piece_entry(struct index_piece *piece, uint64_t address, uint64_t node,
                       const struct piece_place *place, const struct piece_place *last) {
    if (piece->n_entries > 0 && node == piece->node && same_place(place, &piece->place) &&
        same_place(last, &piece->last))
        return;
    if (piece->n_entries == 0 || piece->in_chunk == INDEX_CHUNK_ENTRIES)
        start_chunk(piece, address);
    uint64_t advance = address - piece->address;
    uint8_t more = (place->discriminator ? INDEX_MORE_DISCRIMINATOR : 0) |
                   (same_place(place, last) ? 0 : INDEX_MORE_LAST);
    uint8_t flags = (node != piece->node ? INDEX_HAS_NODE : 0) |
                    (place->file != piece->place.file ? INDEX_HAS_FILE : 0) |
                    (place->line != piece->place.line ? INDEX_HAS_LINE : 0) |
                    (place->column != piece->place.column ? INDEX_HAS_COLUMN : 0) |
                    (more ? INDEX_HAS_MORE : 0);
    struct buffer *out = &piece->entries;
    bool near = advance > 0 && advance <= ADVANCE_MAX;
    buffer_u8(out, (uint8_t)(flags | (near ? advance << INDEX_ADVANCE_SHIFT : 0)));
    if (!near)
        buffer_uleb(out, advance);
    if (flags & INDEX_HAS_NODE)
        buffer_sleb(out, (int64_t)(node - piece->node));
    if (flags & INDEX_HAS_FILE)
        buffer_uleb(out, index_piece_file(piece, place->file));
    if (flags & INDEX_HAS_LINE)
        buffer_sleb(out, (int32_t)(place->line - piece->place.line));
    if (flags & INDEX_HAS_COLUMN)
        buffer_uleb(out, place->column);
    if (flags & INDEX_HAS_MORE)
        buffer_u8(out, more);
    if (more & INDEX_MORE_DISCRIMINATOR)
        buffer_uleb(out, place->discriminator);
    if (more & INDEX_MORE_LAST) {
        buffer_uleb(out, index_piece_file(piece, last->file));
        buffer_sleb(out, (int32_t)(last->line - place->line));
        buffer_uleb(out, last->column);
        buffer_uleb(out, last->discriminator);
    }
    piece->address = address;
    piece->node = node;
    piece->place = *place;
    piece->last = *last;
    piece->in_chunk++;
    piece->n_entries++;
}

bool index_piece_full(const struct index_piece *piece) {
    return piece->n_entries >= ENTRIES_LIMIT || piece->nodes.size >= NODES_LIMIT;
}

int index_piece_finish(struct index_piece *piece, uint64_t high, struct buffer *ret) {
    static const struct piece_place none;
    index_piece_entry(piece, high, INDEX_NODE_NOTHING, &none, &none);
    piece->open = false;
    buffer_uleb(ret, piece->comp_dir);
    buffer_uleb(ret, piece->files.size / sizeof(uint32_t));
    buffer_uleb(ret, piece->chunks.size / sizeof(struct index_chunk));
    buffer_uleb(ret, piece->nodes.size);
    struct buffer *parts[] = {&piece->files, &piece->chunks, &piece->nodes, &piece->entries};
    bool failed = false;
    for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
        buffer_add(ret, parts[i]->data, parts[i]->size);
        failed |= parts[i]->failed;
    }
    return failed || ret->failed ? -ENOMEM : 0;
}
