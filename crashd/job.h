/* SPDX-License-Identifier: MIT */
/* A captured crash on its way to a stored report, as main keeps it. */
#ifndef CRASHD_JOB_H
#define CRASHD_JOB_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crashd/fold.h"
#include "crashd/modules.h"
#include "crashd/spool.h"
#include "crashd/wanted.h"

/* JOB_SUSPECTED: it may be a copied death, and nobody is told about it before that is known.
 * JOB_FETCHING: there is a report, but debug files that would make it better are being fetched. */
enum job_state { JOB_SUSPECTED, JOB_QUEUED, JOB_WORKING, JOB_FETCHING, JOB_STORING };

struct job {
    struct job *next;
    char id[SPOOL_ID_SIZE];
    uint32_t domain; /* a uid; 0 for the system's */
    enum job_state state;
    struct fold_death death;
    uint64_t suspected; /* when, monotonic */
    bool scanned;       /* died before this daemon's time */
    unsigned failures;
    int result;  /* memfd, -1 */
    int earlier; /* the result that a report with more debug files is to replace; -1 */
    json_t *destination;
    json_t *paths;
    int fds[MODULES_MAX];
    size_t n_fds;
    struct wanted wanted; /* debug files that a worker missed */
    size_t given;         /* how many of them the last one had */
    unsigned rounds;      /* of fetching */
    uint64_t fetch_until; /* monotonic, once it began */
    bool problem_told;    /* its report knows why no debuginfod server could be asked */
};

#endif
