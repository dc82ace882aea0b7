/* SPDX-License-Identifier: MIT */
/* Fetches debug files that workers missed: each once, however many reports wait for it, and no
 * longer than they wait. */
#ifndef CRASHD_DEBUGINFOD_H
#define CRASHD_DEBUGINFOD_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "crashd/download.h"

struct debuginfod;

/* parent: the directory that the cache is in. */
int debuginfod_new(int parent, CURLM *multi, const struct transfer_settings *settings,
                   struct debuginfod **ret);

/* A message of main's: "fetch" or "useless". */
void debuginfod_ask(struct debuginfod *debuginfod, const json_t *message);
void debuginfod_finished(struct debuginfod *debuginfod, struct download *download, CURLcode code);
/* Starts, ends and answers what is to be; returns when there will be more, CLOCK_MONOTONIC, or
 * UINT64_MAX. -errno when main is gone. */
int debuginfod_step(struct debuginfod *debuginfod, uint64_t *next);

#endif
