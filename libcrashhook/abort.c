/* SPDX-License-Identifier: MIT */
/*
 * A program's SIGABRT handler that returns to raise() lives on, one that returns to abort() does
 * not, and abort() calls nothing that we could interpose. So: is there a return address into
 * abort() near by on the stack? Async-signal-safe.
 */
#include "libcrashhook/abort.h"

#include <stdlib.h>

#include "libcrashhook/arch.h"

enum {
    ABORT_CODE_SIZE = 768,
    RAISE_STACK_WORDS = 128, /* raise() keeps a set of signals or two there */
};

bool abort_is_calling(uint64_t sp) {
    const uint64_t *words = (const uint64_t *)(sp & ~(uint64_t)7);
    uint64_t code = (uint64_t)abort;

    for (size_t i = 0; i < RAISE_STACK_WORDS; i++) {
        if (words[i] > code && words[i] - code < ABORT_CODE_SIZE)
            return true;
    }
    return false;
}
