/* SPDX-License-Identifier: MIT */
/* What the daemon keeps of debuginfod servers below its state directory. */
#ifndef CONTROL_DEBUGINFOD_H
#define CONTROL_DEBUGINFOD_H

#include "control/query.h"

/* Debug files that were fetched, laid out as in /usr/lib/debug. */
#define DEBUGINFOD_DIRECTORY "debuginfod"
/* In it: the servers, and how they do. */
#define DEBUGINFOD_STATE_FILE "servers.json"

/* A row for each server: debuginfod (its URL without a password), fetched, last_error, next_try.
 * None where none was ever asked. */
int debuginfod_rows(const char *state_dir, query_row callback, void *context);

#endif
