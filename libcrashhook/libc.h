/* SPDX-License-Identifier: MIT */
/* Which C library this process has. */
#ifndef LIBCRASHHOOK_LIBC_H
#define LIBCRASHHOOK_LIBC_H

#include <stdbool.h>

/* Async-signal-safe. glibc's minor version; 0 for every other library. */
unsigned libc_glibc_minor(void);

#endif
