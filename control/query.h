/* SPDX-License-Identifier: MIT */
/* Read-only access to the crashes below a state directory, those of its runs/ included. */
#ifndef CONTROL_QUERY_H
#define CONTROL_QUERY_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

struct query;

/* Negative returns end the walk and are returned. row is the caller's for the call. */
typedef int (*query_row)(void *context, json_t *row);

enum { QUERY_EVERYBODY = -1 };

/* 0, -ENOENT when there is no store, or negative errno. */
int query_open(const char *state_dir, struct query **ret);
struct query *query_close(struct query *query);

/* Crashes of an owner (a uid or QUERY_EVERYBODY), newest first. Keys: control/columns.h. */
int query_crashes(struct query *query, int64_t owner, query_row callback, void *context);
/* One row per DSN. */
int query_delivery(struct query *query, query_row callback, void *context);

/*
 * The directory of the one crash whose id begins with prefix (at least 4 digits), in whatever
 * state it is: 0, -ENOENT, -ENOTUNIQ, -ENAMETOOLONG. It may move on at any time: look again if it
 * is gone.
 */
int query_locate(const char *state_dir, const char *prefix, char *path, size_t size);

#endif
