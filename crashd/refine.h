/* SPDX-License-Identifier: MIT */
/*
 * How a report gets better: a worker names the debug files that it missed, they are taken from the
 * cache or fetched by the network process within debuginfod-timeout, and it is made again with
 * them. Nothing of it is on disk: a crash whose report is refined is captured until the store has
 * one, so that after any kill it is done again from the start.
 */
#ifndef CRASHD_REFINE_H
#define CRASHD_REFINE_H

#include "crashd/daemon.h"
#include "crashd/job.h"

struct refine;

int refine_new(struct daemon *daemon, struct refine **ret);
struct refine *refine_free(struct refine *refine);

/* Adds to a worker's request what it has to know, and the names of the files of job->wanted. */
void refine_request(struct refine *refine, struct job *job, json_t *request);

enum refine_step { REFINE_STORE, REFINE_AGAIN, REFINE_WAIT };
/* What becomes of a report that a worker has made. With REFINE_WAIT files have been asked for, and
 * job->fetch_until says until when; that is not chosen unless may_wait. */
enum refine_step refine_next(struct refine *refine, struct job *job, const json_t *answer,
                             bool may_wait);
/* Asks for what job still lacks. */
void refine_ask(struct refine *refine, const struct job *job);
/* The network process's answer to any such question. */
void refine_learn(struct refine *refine, const json_t *answer);
/* The wait is over: whether the report is worth making again. */
bool refine_resume(struct refine *refine, struct job *job);
/* No report could be made with the files that job was given. */
void refine_reject(struct refine *refine, struct job *job);
/* What was learnt about the servers; the next question makes the network process forget, too. */
void refine_forget(struct refine *refine);

#endif
