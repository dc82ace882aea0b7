/* SPDX-License-Identifier: MIT */
/* address -> entry -> chain of nodes. */
#include <errno.h>
#include <string.h>

#include "base/grow.h"
#include "symbolizer/dwarf/bytes.h"
#include "symbolizer/index/index.h"

struct piece {
    uint64_t low;
    uint64_t comp_dir, n_files, n_chunks;
    const uint8_t *files, *chunks, *nodes;
    size_t nodes_size;
    const uint8_t *entries, *end;
};

struct place {
    uint64_t file;
    uint32_t line, column, discriminator;
};

struct entry {
    uint64_t address, node;
    struct place place, last;
};

static uint32_t number_at(const uint8_t *array, uint64_t index) {
    uint32_t value;
    memcpy(&value, array + index * sizeof(value), sizeof(value));
    return value;
}

/* 1, 0 if no piece begins at or before address. */
static int find_piece(struct index *index, uint64_t address, uint64_t *ret, uint32_t *ret_low) {
    uint64_t low = 0, high = index->header.sections[INDEX_LOWS].size / sizeof(uint32_t);
    if (address < index->header.base || address - index->header.base > UINT32_MAX)
        return 0;
    address -= index->header.base;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        const uint8_t *at = index_bytes(index, INDEX_LOWS, middle * sizeof(uint32_t), 4);
        if (!at)
            return -EBADMSG;
        uint32_t value = number_at(at, 0);
        if (value <= address) {
            low = middle + 1;
            *ret_low = value;
        } else {
            high = middle;
        }
    }
    *ret = low - 1;
    return low > 0;
}

static bool read_piece(struct index *index, uint64_t number, struct piece *piece) {
    uint64_t n = index->header.sections[INDEX_OFFSETS].size / sizeof(uint32_t);
    const uint8_t *offsets =
        index_bytes(index, INDEX_OFFSETS, number * sizeof(uint32_t), number + 1 < n ? 8 : 4);
    if (!offsets)
        return false;
    uint64_t offset = number_at(offsets, 0), end = number + 1 < n
                                                       ? number_at(offsets, 1)
                                                       : index->header.sections[INDEX_PIECES].size;
    const uint8_t *data =
        offset < end ? index_bytes(index, INDEX_PIECES, offset, end - offset) : NULL;
    if (!data)
        return false;
    struct bytes bytes = bytes_of(data, end - offset, 0);
    piece->comp_dir = bytes_uleb(&bytes);
    piece->n_files = bytes_uleb(&bytes);
    piece->n_chunks = bytes_uleb(&bytes);
    uint64_t nodes = bytes_uleb(&bytes), left = bytes_left(&bytes);
    if (piece->n_files > left || piece->n_chunks > left || piece->n_chunks == 0)
        return false;
    piece->files = bytes_block(&bytes, piece->n_files * sizeof(uint32_t));
    piece->chunks = bytes_block(&bytes, piece->n_chunks * sizeof(struct index_chunk));
    piece->nodes = bytes_block(&bytes, nodes);
    piece->nodes_size = nodes;
    piece->entries = bytes.at;
    piece->end = bytes.end;
    return !bytes.bad;
}

static struct place read_last(struct bytes *bytes, uint32_t line) {
    struct place last;
    last.file = bytes_uleb(bytes);
    last.line = line + (uint32_t)bytes_sleb(bytes);
    last.column = (uint32_t)bytes_uleb(bytes);
    last.discriminator = (uint32_t)bytes_uleb(bytes);
    return last;
}

/* What follows the address of an entry. */
static void read_entry(struct bytes *bytes, uint8_t flags, struct entry *entry) {
    if (flags & INDEX_HAS_NODE)
        entry->node += (uint64_t)bytes_sleb(bytes);
    if (flags & INDEX_HAS_FILE)
        entry->place.file = bytes_uleb(bytes);
    if (flags & INDEX_HAS_LINE)
        entry->place.line += (uint32_t)bytes_sleb(bytes);
    if (flags & INDEX_HAS_COLUMN)
        entry->place.column = (uint32_t)bytes_uleb(bytes);
    uint8_t more = flags & INDEX_HAS_MORE ? bytes_u8(bytes) : 0;
    entry->place.discriminator = more & INDEX_MORE_DISCRIMINATOR ? (uint32_t)bytes_uleb(bytes) : 0;
    entry->last = more & INDEX_MORE_LAST ? read_last(bytes, entry->place.line) : entry->place;
}

static bool find_entry(const struct piece *piece, uint64_t address, struct entry *ret) {
    uint64_t low = 0, high = piece->n_chunks, offset = address - piece->low;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (number_at(piece->chunks, middle * 2) <= offset)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0)
        return false;
    const uint8_t *chunk = piece->chunks + (low - 1) * sizeof(struct index_chunk);
    *ret = (struct entry){.address = piece->low + number_at(chunk, 0)};
    struct bytes bytes =
        bytes_of(piece->entries, (size_t)(piece->end - piece->entries), number_at(chunk, 1));
    for (size_t i = 0; i < INDEX_CHUNK_ENTRIES && bytes_left(&bytes) > 0; i++) {
        uint8_t flags = bytes_u8(&bytes);
        uint64_t advance = flags >> INDEX_ADVANCE_SHIFT;
        uint64_t at = ret->address + (advance ? advance : bytes_uleb(&bytes));
        if (at > address)
            return i > 0;
        ret->address = at;
        read_entry(&bytes, flags, ret);
        if (bytes.bad)
            return false;
    }
    return !bytes.bad;
}

static bool file_name(struct index *index, const struct piece *piece, uint64_t file,
                      const char **ret) {
    *ret = NULL;
    if (file == 0)
        return true;
    return file <= piece->n_files && index_text(index, number_at(piece->files, file - 1), ret);
}

static const struct index_names_read *read_name(struct index *index, uint64_t number) {
    struct index_name name;
    uint32_t known = index_map_get(&index->by_name, number);
    if (known > 0)
        return &index->names[known - 1];
    const uint8_t *at = number > UINT32_MAX
                            ? NULL
                            : index_bytes(index, INDEX_NAMES, number * sizeof(name), sizeof(name));
    struct index_names_read *names = at ? grow(index->names, index->n_names, sizeof(*names)) : NULL;
    if (!names)
        return NULL;
    index->names = names;
    memcpy(&name, at, sizeof(name));
    struct index_names_read *read = &names[index->n_names];
    read->plain = name.plain != 0;
    bool readable = index->readable_only && name.full != 0;
    if (!index_text(index, name.name, &read->name) ||
        !index_text(index, name.qualified, &read->qualified) ||
        !index_text(index, name.full, &read->full) ||
        !index_text(index, readable ? 0 : name.linkage_name, &read->linkage_name) ||
        index_map_put(&index->by_name, number, (uint32_t)index->n_names + 1) < 0)
        return NULL;
    if (readable)
        read->linkage_name = read->full;
    index->n_names++;
    return read;
}

/* ids and lows count from those of the enclosing nodes, which are read later. */
static void resolve(struct code_chain *chain, const struct piece *piece) {
    uint64_t id = 0, low = piece->low;
    for (size_t i = chain->n; i-- > 0;) {
        id = chain->frames[i].id += id;
        low = chain->frames[i].low += low;
    }
}

static bool read_chain(struct index *index, const struct piece *piece, uint64_t node,
                       struct code_chain *chain) {
    const char *file = chain->frames[0].file;
    unsigned line = chain->frames[0].line, column = chain->frames[0].column,
             discriminator = chain->frames[0].discriminator;
    uint64_t entry = 0, back;
    chain->n = 0;
    do {
        if (chain->n == CODE_CHAIN_LIMIT || node >= piece->nodes_size)
            return false;
        struct bytes bytes = bytes_of(piece->nodes, piece->nodes_size, node);
        struct code_frame *frame = &chain->frames[chain->n++];
        back = bytes_uleb(&bytes);
        const struct index_names_read *names = read_name(index, bytes_uleb(&bytes));
        if (!names)
            return false;
        *frame = (struct code_frame){
            .name = names->name,
            .linkage_name = names->linkage_name,
            .qualified = names->qualified,
            .full = names->full,
            .plain = names->plain,
            .file = file,
            .line = line,
            .column = column,
            .discriminator = discriminator,
        };
        frame->id = (uint64_t)bytes_sleb(&bytes);
        frame->low = (uint64_t)bytes_sleb(&bytes);
        if (back == 0) {
            entry = (uint64_t)bytes_sleb(&bytes);
        } else {
            if (!file_name(index, piece, bytes_uleb(&bytes), &file))
                return false;
            line = (unsigned)bytes_uleb(&bytes);
            column = (unsigned)bytes_uleb(&bytes);
            discriminator = 0;
        }
        if (bytes.bad || back > node)
            return false;
        node -= back;
    } while (back > 0);
    resolve(chain, piece);
    chain->has_function = true;
    chain->entry = chain->frames[chain->n - 1].low + entry;
    return true;
}

int index_lookup(struct index *index, uint64_t address, enum dw_row_choice choice,
                 struct code_chain *ret) {
    uint64_t number;
    uint32_t low;
    ret->n = 0;
    ret->has_function = false;
    ret->entry = 0;
    ret->comp_dir = NULL;
    ret->owns_qualified = false;
    int r = find_piece(index, address, &number, &low);
    if (r <= 0)
        return r;
    struct piece piece = {.low = index->header.base + low};
    struct entry entry;
    if (!read_piece(index, number, &piece) || !find_entry(&piece, address, &entry))
        return -EBADMSG;
    if (entry.node == INDEX_NODE_NOTHING)
        return 0;
    const struct place *place = choice == DW_ROW_LAST ? &entry.last : &entry.place;
    struct code_frame *frame = &ret->frames[0];
    *frame = (struct code_frame){
        .line = place->line, .column = place->column, .discriminator = place->discriminator};
    if (!file_name(index, &piece, place->file, &frame->file) ||
        !index_text(index, (uint32_t)piece.comp_dir, &ret->comp_dir))
        return -EBADMSG;
    ret->n = 1;
    if (entry.node == INDEX_NODE_LINE_ONLY)
        return 1;
    if (!read_chain(index, &piece, entry.node - INDEX_NODE_FIRST, ret)) {
        ret->n = 0;
        return -EBADMSG;
    }
    return 1;
}
