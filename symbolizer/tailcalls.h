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

/* A module. functions may be NULL where it is the callee's; symbols is asked only when a name has
 * to be found, and may give NULL. Addresses are those of its file; bias makes them those of the
 * process. */
struct tailcalls_side {
    struct functions *functions;
    const struct symbols *(*symbols)(void *data);
    void *data;
    uint64_t bias;
};

struct tailcalls {
    size_t n;
    uint64_t pc[TAILCALLS_LIMIT]; /* behind the jumps, newest first; of the process */
};

/* From the call that returns to caller to the function that begins at callee; both are addresses of
 * the process. Only what is certain: nothing where there is more than one way, or an unknown one.
 * *budget: entries that may be read, less those that were. */
void tailcalls_between(const struct tailcalls_side *from, uint64_t caller,
                       const struct tailcalls_side *to, uint64_t callee, size_t *budget,
                       struct tailcalls *ret);

#endif
