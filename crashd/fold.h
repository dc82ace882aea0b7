/* SPDX-License-Identifier: MIT */
/* Copied deaths: `timeout` and its like die of the signal that their child has died of. */
#ifndef CRASHD_FOLD_H
#define CRASHD_FOLD_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crashd/spool.h"

enum { FOLD_KEPT = 1024 };

struct fold_death {
    char origin[SPOOL_ID_SIZE]; /* the crash that stands for it: its own, if it is no copy */
    uint32_t uid;
    int64_t pid, parent, signal;
    uint64_t time;    /* nanoseconds */
    bool may_be_copy; /* the hook has seen what copies have in common */
};

/* The newest deaths. */
struct fold {
    struct fold_death deaths[FOLD_KEPT];
    size_t n;
};

/* What intake wrote into the facts of a crash. */
void fold_read(const json_t *facts, const char *id, struct fold_death *ret);
/* The crash that this death only repeats, or NULL. */
const char *fold_origin(const struct fold *fold, const struct fold_death *death);
void fold_remember(struct fold *fold, const struct fold_death *death);

#endif
