/* SPDX-License-Identifier: MIT */
/*
 * The spool: a directory per crash, named by its event_id, below the directory of its state. A
 * step is one rename of that directory, so that a crash is in exactly one state at any instant.
 */
#ifndef CRASHD_SPOOL_H
#define CRASHD_SPOOL_H

#include <jansson.h>
#include <stddef.h>

enum spool_state {
    SPOOL_INCOMING, /* being received */
    SPOOL_CAPTURED, /* acknowledged: snapshot, facts.json */
    SPOOL_OUTBOX,   /* reported, to be sent: event.json, report.txt, summary.json, delivery.json */
    SPOOL_REPORTED, /* done */
    SPOOL_FAILED,   /* refused by the server, or beyond reading */
    SPOOL_STATES,
};

enum { SPOOL_ID_SIZE = 33, SPOOL_SNAPSHOT_MAX = 256 << 20, SPOOL_JSON_MAX = 4 << 20 };

extern const char *const spool_names[SPOOL_STATES];

struct spool {
    int root;
    int states[SPOOL_STATES];
};

/* Makes what is missing below root, which stays the caller's. 0 or negative errno. */
int spool_open(int root, struct spool *ret);
/* The directory of a crash, or negative errno; create makes it. */
int spool_entry(const struct spool *spool, enum spool_state state, const char *id);
int spool_create(const struct spool *spool, const char *id);
int spool_move(const struct spool *spool, const char *id, enum spool_state from,
               enum spool_state to);
int spool_remove(const struct spool *spool, enum spool_state state, const char *id);
/* The state a crash is in, or -ENOENT. */
int spool_find(const struct spool *spool, const char *id);
/* Ids in a state, in no order. A negative return of the callback ends the walk and is returned. */
typedef int (*spool_callback)(void *context, const char *id);
int spool_each(const struct spool *spool, enum spool_state state, spool_callback callback,
               void *context);

/* A JSON object in a file of an entry: a new reference, or NULL. */
json_t *spool_read_json(int entry, const char *name);
int spool_write_json(int entry, const char *name, const json_t *object);

#endif
