/* SPDX-License-Identifier: MIT */
/* The C++ exception of the crashed thread, read as memory. */
#ifndef LIBCRASHHOOK_EXCEPTION_H
#define LIBCRASHHOOK_EXCEPTION_H

#include <stdbool.h>
#include <stdint.h>

struct capture;

enum { EXCEPTION_TYPE_SIZE = 1024, EXCEPTION_WHAT_SIZE = 4096 };

struct exception {
    char type[EXCEPTION_TYPE_SIZE]; /* mangled */
    char what[EXCEPTION_WHAT_SIZE];
    uint32_t uncaught;
};

/* get_globals: address of __cxa_get_globals_fast(). False when there is no exception.
 * Async-signal-safe. */
bool exception_read(struct exception *exception, struct capture *capture, uint64_t get_globals);

#endif
