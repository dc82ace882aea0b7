/* SPDX-License-Identifier: MIT */
/* The process as it sees itself. */
#ifndef LIBCRASHHOOK_PROCESS_H
#define LIBCRASHHOOK_PROCESS_H

struct capture;

/* Async-signal-safe. */
void process_write(struct capture *capture);
void process_write_environment(struct capture *capture);

#endif
