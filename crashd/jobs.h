/* SPDX-License-Identifier: MIT */
/* Captured crashes on their way through workers and the store. */
#ifndef CRASHD_JOBS_H
#define CRASHD_JOBS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "crashd/daemon.h"

int jobs_new(struct daemon *daemon, struct jobs **ret);
struct jobs *jobs_free(struct jobs *jobs);

/* A crash in captured/. message: the receiver's, with descriptors, which are taken over; or NULL.
 */
void jobs_add(struct jobs *jobs, const char *id, struct ipc_message *message);
/* Every crash in captured/ that is not known yet. */
void jobs_scan(struct jobs *jobs);
/* The store has done its part; problem is 0, or the errno of why it could not. */
void jobs_stored(struct jobs *jobs, const char *id, int problem);
/* The store has died: what it was given is given again. */
void jobs_store_lost(struct jobs *jobs);
/* What the network process says about the debug files that a crash's report is waiting for. */
void jobs_fetched(struct jobs *jobs, const json_t *answer);
/* The network process has been started again: what was asked for is asked for again. */
void jobs_fetch_again(struct jobs *jobs);
/* The configuration was read again. */
void jobs_configured(struct jobs *jobs);
size_t jobs_count(const struct jobs *jobs);
/* Ends the workers; what they were at stays captured. */
void jobs_stop(struct jobs *jobs);

#endif
