/* SPDX-License-Identifier: MIT */
/* store.db: what the spool's directories say, in rows. It can always be made again from them. */
#ifndef CRASHD_DATABASE_H
#define CRASHD_DATABASE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct database;

struct database_crash {
    const char *id, *state;
    const char *dsn, *error; /* NULL: none */
    uint32_t owner;          /* who may see it besides root */
    int64_t captured;        /* nanoseconds since 1970 */
    const json_t *summary;   /* the other columns; NULL: unknown yet */
};

/* Opens or makes it; a broken one is put aside. 0 or negative errno. */
int database_open(const char *state_dir, struct database **ret);
struct database *database_close(struct database *database);

int database_begin(struct database *database);
int database_commit(struct database *database);

int database_put(struct database *database, const struct database_crash *crash);
/* error NULL: none. */
int database_set_state(struct database *database, const char *id, const char *state,
                       const char *error);
/* The state of a row: malloc'ed, NULL if there is none. */
char *database_state(struct database *database, const char *id);
int database_remove(struct database *database, const char *id);
/* Adds to the counts of a DSN and sets the rest; error and next_try may be NULL. */
int database_delivery(struct database *database, const char *dsn, int sent, int dropped,
                      const char *error, const char *next_try);
/* Every DSN that has a queued crash or not, and every sent one, counted from the crashes. */
int database_recount(struct database *database);

typedef int (*database_callback)(void *context, const char *id);
int database_each(struct database *database, database_callback callback, void *context);
/* Finished crashes beyond the newest keep ones, or captured before a time. */
int database_each_old(struct database *database, uint64_t keep, int64_t before,
                      database_callback callback, void *context);

#endif
