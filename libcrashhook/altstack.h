/* SPDX-License-Identifier: MIT */
/* A stack for each thread to die on: that of a thread that overflowed has no room for a handler. */
#ifndef LIBCRASHHOOK_ALTSTACK_H
#define LIBCRASHHOOK_ALTSTACK_H

#include <stddef.h>

size_t altstack_mapping_size(void);
/* The main thread's, in memory of altstack_mapping_size() bytes that is already mapped. */
void altstack_adopt(void *mapping);

#endif
