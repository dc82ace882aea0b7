/* SPDX-License-Identifier: MIT */
/* Reading /proc with nothing but system calls. Async-signal-safe. */
#ifndef LIBCRASHHOOK_PROCFS_H
#define LIBCRASHHOOK_PROCFS_H

#include <stddef.h>

enum { PROCFS_PATH_SIZE = 32 };

/* A descriptor or a negative errno. */
long procfs_open(const char *path, int flags);
/* The whole file or its beginning, with a NUL behind it; its length or a negative errno. */
long procfs_read(const char *directory, const char *name, char *buffer, size_t size);
long procfs_link(const char *directory, const char *name, char *buffer, size_t size);
/* Where the process pid, parent of or the same as the caller, is found in /proc. */
void procfs_find(int pid, char path[PROCFS_PATH_SIZE]);
/* The letter in its stat file; 0 when it cannot be read. */
char procfs_task_state(const char *directory, int tid);
/* The text behind the name of the process in a stat file: it may hold spaces and brackets. */
const char *procfs_behind_name(const char *stat);

#endif
