/* SPDX-License-Identifier: MIT */
/* The state directory and who may use it. */
#ifndef CRASHD_STATEDIR_H
#define CRASHD_STATEDIR_H

#include <stdbool.h>

/* Makes the directory (0700) and those above it, and opens it. With a run id: runs/RUN_ID below
 * it. *path is replaced by the directory's own. The descriptor, or negative errno (logged). */
int statedir_open(char **path, const char *run_id);

/*
 * Locks the directory for this daemon and every process that inherits the descriptor: after a
 * kill -9 of main its other processes end what they were at, and until then the lock is theirs.
 * Without wait -EBUSY comes at once and unlogged. The descriptor, or negative errno (logged).
 */
int statedir_lock(int directory, const char *path, bool wait);

#endif
