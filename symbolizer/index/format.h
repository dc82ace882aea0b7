/* SPDX-License-Identifier: MIT */
/*
 * The index of a module: what its debug information says about addresses, made for looking up
 * (docs/index-format.md). A file is offsets only and may be mapped anywhere; nothing in it is
 * trusted. All numbers are little-endian; LEB128 as in DWARF.
 *
 *   header | blocks: pieces, lows, offsets, names, strings, ropes | sums of the blocks
 */
#ifndef SYMBOLIZER_INDEX_FORMAT_H
#define SYMBOLIZER_INDEX_FORMAT_H

#include <stdint.h>

#define INDEX_MAGIC "crashidx"

enum {
    INDEX_VERSION = 1,
    INDEX_HEADER_SIZE = 4096,   /* where the blocks begin */
    INDEX_BLOCK_SIZE = 1 << 16, /* each has its own checksum, verified when it is first read */
    INDEX_ALIGNMENT = 8,        /* of sections */
};

enum index_section_id {
    INDEX_PIECES,  /* see below */
    INDEX_LOWS,    /* uint32_t for each piece: its first address minus base, ascending */
    INDEX_OFFSETS, /* uint32_t for each piece: where it is in INDEX_PIECES */
    INDEX_NAMES,   /* struct index_name */
    INDEX_STRINGS, /* see below */
    INDEX_ROPES,   /* see below */
    INDEX_SUMS,    /* uint64_t for each block: XXH3 of its bytes */
    INDEX_SECTIONS
};

struct index_section {
    uint64_t offset, size; /* in the file */
};

struct index_header {
    char magic[8];
    uint32_t version, build_id_size;
    uint8_t build_id[64];
    uint64_t size; /* of the file */
    uint64_t base; /* what INDEX_LOWS count from */
    struct index_section sections[INDEX_SECTIONS];
    uint64_t sums_checksum; /* XXH3 of INDEX_SUMS */
    uint64_t checksum;      /* XXH3 of all before */
};

/*
 * A text is a number of 32 bits, 0 if there is none. Without the highest bit it is an offset in
 * INDEX_STRINGS, where the text ends with NUL. With it, the rest is an offset in INDEX_ROPES:
 *   uleb  number of parts
 *   for each:  uleb  its size;  sleb  its offset in INDEX_STRINGS minus the end of the part before
 */
static const uint32_t INDEX_TEXT_ROPE = UINT32_C(1) << 31;

/* Of a text of parts: its size, and how many they are. */
enum { INDEX_TEXT_LIMIT = 1 << 20, INDEX_PARTS_LIMIT = 256 };

/* How a function is called: texts. */
struct index_name {
    uint32_t name, linkage_name, qualified;
    uint32_t full;  /* linkage_name demangled; the same as it if that is no mangled name */
    uint32_t plain; /* struct code_frame's */
};

/*
 * A piece is a run of addresses of one unit:
 *   uleb  text: directory of the compilation
 *   uleb  number of files; uleb  number of chunks; uleb  bytes of nodes
 *   uint32_t for each file: text of its path. Files are counted from 1; 0: none
 *   struct index_chunk for each chunk
 *   nodes
 *   entries, in chunks of at most INDEX_CHUNK_ENTRIES
 */
struct index_chunk {
    uint32_t address; /* of its first entry, minus the piece's first address */
    uint32_t offset;  /* of that entry, from the first entry of the piece */
};

enum { INDEX_CHUNK_ENTRIES = 32 };

/*
 * A node is a function, or a call that was inlined into the node that encloses it:
 *   uleb  bytes back to the node that encloses it, 0: this is a function
 *   uleb  index in INDEX_NAMES
 *   sleb  id, minus that of the enclosing node
 *   sleb  low, minus that of the enclosing node, of a function minus the piece's first address
 *   function: sleb  entry, minus low
 *   call:     uleb  file, uleb  line, uleb  column of the call
 *
 * An entry says what holds from its address to the next one's, by what is different from the one
 * before. The first of a chunk starts from its address and zeros.
 *   byte  INDEX_HAS_*, and how far the address is from the one before in the highest three bits
 *         (0: uleb follows)
 *   sleb  node
 *   uleb  file
 *   sleb  line
 *   uleb  column
 *   byte  INDEX_MORE_*
 *   uleb  discriminator
 *   uleb  file, sleb line (minus this entry's), uleb column, uleb discriminator of the last row of
 *         the address (DW_ROW_LAST), where it is another than the first choice
 * Columns and files are given as they are, a discriminator that is not given is 0.
 */
enum {
    INDEX_HAS_NODE = 1,
    INDEX_HAS_FILE = 2,
    INDEX_HAS_LINE = 4,
    INDEX_HAS_COLUMN = 8,
    INDEX_HAS_MORE = 16,
    INDEX_ADVANCE_SHIFT = 5,
    INDEX_MORE_DISCRIMINATOR = 1,
    INDEX_MORE_LAST = 2,
};

/* What an entry's node is: no function, but a line; nothing known; else this plus the offset of a
 * node in the piece. */
enum { INDEX_NODE_LINE_ONLY, INDEX_NODE_NOTHING, INDEX_NODE_FIRST };

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "numbers are read as they stand");

#endif
