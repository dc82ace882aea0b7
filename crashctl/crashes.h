/* SPDX-License-Identifier: MIT */
/* What became of the crashes of a run. */
#ifndef CRASHCTL_CRASHES_H
#define CRASHCTL_CRASHES_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct crashes;

struct crashes_options {
    const char *state_dir, *output;
    bool snapshots;
};

/* output is made (0700) when it is not there. 0 or negative errno, said on stderr. */
int crashes_new(const struct crashes_options *options, struct crashes **ret);
struct crashes *crashes_free(struct crashes *crashes);

/* A message of the daemon. A crash that is reported is shown on stderr and written to output. */
void crashes_take(struct crashes *crashes, const json_t *message);
/* Crashes that are captured, and those of them that are neither reported nor, if they are to be
 * sent, sent. */
size_t crashes_total(const struct crashes *crashes);
size_t crashes_pending(const struct crashes *crashes);
/* The line at the end. */
void crashes_summarize(const struct crashes *crashes, unsigned long long programs);

#endif
