/* SPDX-License-Identifier: MIT */
/* The short-lived directory of a run: socket, dropped snapshots, count of programs. */
#ifndef CRASHCTL_RUNDIR_H
#define CRASHCTL_RUNDIR_H

#include <stdint.h>

/* Short enough for a socket's name; reachable for users that the command changes to. malloc'ed,
 * NULL on failure (said on stderr). */
char *rundir_make(void);
/* Programs that were started with the hook. */
uint64_t rundir_programs(const char *path);
void rundir_remove(const char *path);

#endif
