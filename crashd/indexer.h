/* SPDX-License-Identifier: MIT */
/* Indexes of modules that crash again: made by a process in the worker's sandbox while there is
 * nothing to report, installed by main. */
#ifndef CRASHD_INDEXER_H
#define CRASHD_INDEXER_H

#include "crashd/daemon.h"
#include "crashd/job.h"

struct indexer;

int indexer_new(struct daemon *daemon, struct indexer **ret);
struct indexer *indexer_free(struct indexer *indexer);

/* The directory that workers of a domain read; a descriptor, or -1 if indexes are off. */
int indexer_directory(const struct daemon *daemon, uint32_t domain);
/* A job's report was made; answer is the worker's. */
void indexer_note(struct indexer *indexer, const struct job *job, const json_t *answer);
/* Whether there is anything to report: what is being made waits meanwhile. */
void indexer_allow(struct indexer *indexer, bool idle);
/* Kills the process that makes one. */
void indexer_stop(struct indexer *indexer);

#endif
