/* SPDX-License-Identifier: MIT */
/* How main makes its other processes, and how these begin. */
#ifndef CRASHD_CHILD_H
#define CRASHD_CHILD_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Capabilities as bits, of <linux/capability.h>. */
#define CHILD_CAPABILITY(name) (UINT64_C(1) << (name))

/* In a forked child: default signal handling except for those that only main answers, closes
 * every descriptor but the first three and keep (n of them, any order). */
void child_begin(const int *keep, size_t n);
/* Drops every capability but those, and the way back. Harmless for ordinary users. */
void child_drop(uint64_t capabilities);

/*
 * Starts the program "crashd-NAME" that stands beside this one's own executable, else in the
 * directory of installed ones, with an empty environment. Its descriptors: 0 is /dev/null, then
 * 1, 2 and fds[i] as IPC_CHILD_FD + i. The pid, or negative errno.
 */
pid_t child_spawn(const char *name, const char *const *arguments, const int *fds, size_t n);

#endif
