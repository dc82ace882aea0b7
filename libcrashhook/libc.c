/* SPDX-License-Identifier: MIT */
/* Async-signal-safe: what is called gives a constant. */
#include "libcrashhook/libc.h"

#include <stdatomic.h>
#include <stdint.h>

#include "libcrashhook/next.h"
#include "libcrashhook/text.h"

enum { UNKNOWN = 0, KNOWN = 0x10000 };

unsigned libc_glibc_minor(void) {
    static atomic_uint known;
    unsigned version = atomic_load_explicit(&known, memory_order_relaxed);
    const char *(*get_version)(void), *text;
    uint64_t minor = 0;

    if (version != UNKNOWN)
        return version - KNOWN;
    get_version = (const char *(*)(void))next_symbol("gnu_get_libc_version");
    if (get_version != NULL) {
        text = get_version();
        if (text_begins(text, "2.")) {
            text += 2;
            text_number(&text, 10, &minor);
        }
    }
    atomic_store(&known, (unsigned)minor + KNOWN);
    return (unsigned)minor;
}
