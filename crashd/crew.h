/* SPDX-License-Identifier: MIT */
/* The worker processes, as main sees them: at most one for each trust domain, and few in all. */
#ifndef CRASHD_CREW_H
#define CRASHD_CREW_H

#include "crashd/daemon.h"
#include "crashd/job.h"

struct crew;
struct worker;

struct crew_handlers {
    /* The worker's answer to a job; it is free again. */
    void (*done)(void *context, struct job *job, const json_t *answer);
    /* The worker ended without one. */
    void (*failed)(void *context, struct job *job, const char *why);
    /* There may be a worker for what waits. */
    void (*free)(void *context);
};

int crew_new(struct daemon *daemon, const struct crew_handlers *handlers, void *context,
             struct crew **ret);
struct crew *crew_free(struct crew *crew);

/* An idle worker of a domain, started if need be; NULL: later. */
struct worker *crew_worker(struct crew *crew, uint32_t domain);
/* 0 or negative errno; then the worker stays idle. */
int crew_give(struct worker *worker, struct job *job, const json_t *request, const int *fds,
              size_t n_fds);
/* The user that workers of a domain are, "UID:GID"; false if they stay who main is. */
bool crew_user(const struct daemon *daemon, uint32_t domain, char text[32]);
/* Kills them; no handler is called for what they were at. */
void crew_stop(struct crew *crew);

#endif
