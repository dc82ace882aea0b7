/* SPDX-License-Identifier: MIT */
/*
 * Functions that ended by jumping to another one have left no frame. Where debug information says
 * which functions the code could only have come through (DW_TAG_call_site, DWARF 5, 3.4), they are
 * known all the same.
 */
#ifndef SYMBOLIZER_TAILCALLS_H
#define SYMBOLIZER_TAILCALLS_H

#include "symbolizer/functions.h"
#include "symbolizer/symbols.h"

enum { TAILCALLS_LIMIT = 16 };

struct tailcalls {
    size_t n;
    uint64_t pc[TAILCALLS_LIMIT]; /* behind the jumps, newest first */
};

/* From the call that returns to caller to the function that begins at callee; both are addresses of
 * the file. Only what is certain: nothing where there is more than one way, or an unknown one.
 * *budget: entries that may be read, less those that were. symbols may be NULL. */
void tailcalls_between(struct functions *functions, const struct symbols *symbols, uint64_t caller,
                       uint64_t callee, size_t *budget, struct tailcalls *ret);

#endif
