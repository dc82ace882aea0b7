/* SPDX-License-Identifier: MIT */
/*
 * A program's SIGABRT handler that returns to raise() lives on, one that returns to abort() does
 * not, and abort() calls nothing that we could interpose. So: is there a return address into
 * abort() near by on the stack? Async-signal-safe.
 */
#include "libcrashhook/abort.h"

#include <stdlib.h>

#include "libcrashhook/arch.h"

enum { ABORT_CODE_SIZE = 768 };

bool abort_returns_to(const uint64_t *words, size_t count) {
    uint64_t code = (uint64_t)abort;

    for (size_t i = 0; i < count; i++) {
        if (words[i] > code && words[i] - code < ABORT_CODE_SIZE)
            return true;
    }
    return false;
}

bool abort_is_calling(uint64_t sp) {
    return abort_returns_to((const uint64_t *)(sp & ~(uint64_t)7), ABORT_STACK_WORDS);
}
