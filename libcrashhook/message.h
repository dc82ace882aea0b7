/* SPDX-License-Identifier: MIT */
/* What the process said before it died: abort message and C++ exception. */
#ifndef LIBCRASHHOOK_MESSAGE_H
#define LIBCRASHHOOK_MESSAGE_H

struct capture;

/* Async-signal-safe: reads memory, runs nothing of the program. */
void message_write_abort(struct capture *capture);
void message_write_exception(struct capture *capture);

#endif
