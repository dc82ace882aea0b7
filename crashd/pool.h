/* SPDX-License-Identifier: MIT */
/* The receivers, as main sees them. */
#ifndef CRASHD_POOL_H
#define CRASHD_POOL_H

#include <stdbool.h>
#include <stddef.h>

#include "crashd/daemon.h"

int pool_new(struct daemon *daemon, struct pool **ret);
struct pool *pool_free(struct pool *pool);
/* Has a receiver take what lies in the drop directory. */
void pool_sweep(struct pool *pool);
/* Whether a client is being served, waits to be, or a sweep is under way. */
bool pool_busy(const struct pool *pool);
/* How many are being served. */
size_t pool_serving(const struct pool *pool);
/* Lets every receiver end after its client. */
void pool_stop(struct pool *pool);
bool pool_stopped(const struct pool *pool);

#endif
