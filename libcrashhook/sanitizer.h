/* SPDX-License-Identifier: MIT */
/* Deaths that no signal tells of: a sanitizer has found something, and ends the program itself. */
#ifndef LIBCRASHHOOK_SANITIZER_H
#define LIBCRASHHOOK_SANITIZER_H

#include <stdbool.h>
#include <stddef.h>

struct capture;

/* In the constructor: is the program a fuzzer, which looks for crashes, and deals with them? */
bool sanitizer_is_fuzzer(void);
/* Asks the runtime, if there is one, to call before it ends the program. */
void sanitizer_start(void);

/* Async-signal-safe. The signal that the runtime is told to end the program by, if it is; and its
 * report. */
void sanitizer_write_signal(struct capture *capture);
void sanitizer_write(struct capture *capture);
/* What is the same in all reports of one bug, as far as that can be told. Async-signal-safe. */
const char *sanitizer_key(size_t *length);

#endif
