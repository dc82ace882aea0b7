/* SPDX-License-Identifier: MIT */
/* Arrays that grow by one entry at a time and hold no count of what is allocated. */
#ifndef BASE_GROW_H
#define BASE_GROW_H

#include <stddef.h>
#include <stdlib.h>

/* Room for one more behind n entries: allocated at powers of two. NULL without memory; array is
 * still there then. */
static inline void *grow(void *array, size_t n, size_t size) {
    if (n & (n - 1))
        return array;
    return reallocarray(array, n ? n * 2 : 1, size);
}

#endif
