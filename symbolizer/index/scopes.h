/* SPDX-License-Identifier: MIT */
/* The inlined calls of one function: which one holds an address, for all of its addresses. */
#ifndef SYMBOLIZER_INDEX_SCOPES_H
#define SYMBOLIZER_INDEX_SCOPES_H

#include "symbolizer/dwarf/die.h"

enum { INDEX_SCOPE_NONE = UINT32_MAX };

struct index_scope {
    struct dw_die die;
    uint32_t parent; /* scope that encloses it, INDEX_SCOPE_NONE of the function */
    uint32_t call;   /* call or function that encloses it */
    uint32_t blocks; /* between that and itself, itself included */
    uint32_t turn;   /* of the sweep: the last one that came to this block */
    bool is_block;
    uint64_t low;  /* struct code_frame's */
    uint64_t node; /* of the writer: what entries call it, in the piece number node_turn */
    uint32_t node_turn;
};

/* From address on scope holds, until the next one. */
struct index_segment {
    uint64_t address;
    uint32_t scope;
};

struct index_scope_range {
    uint64_t low, high;
    uint32_t scope;
};

struct index_scopes {
    struct dw_die function;
    struct index_scope *scopes; /* in the order of the entries; the first is the function */
    size_t n_scopes;
    struct index_scope_range *ranges;
    size_t n_ranges;
    struct index_segment *segments; /* only functions and calls; first it is the function */
    size_t n_segments;
    uint32_t turn;
    size_t *budget; /* of steps; what a hostile file may make us do */
};

/* scopes: zeros but for budget, or of another function. 0, -ENOMEM, -E2BIG beyond the budget. */
int index_scopes_read(struct index_scopes *scopes, const struct dw_die *function);
void index_scopes_free(struct index_scopes *scopes);

#endif
