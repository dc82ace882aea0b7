/* SPDX-License-Identifier: MIT */
/* The events that wait, and what is sent when. */
#ifndef CRASHD_OUTBOX_H
#define CRASHD_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crashd/destination.h"
#include "crashd/spool.h"

struct item {
    struct item *next;
    char id[SPOOL_ID_SIZE];
    uint64_t time; /* of the crash */
    int64_t attempts;
    bool in_flight, events_only;
    struct destination *destination;
};

struct outbox {
    const struct spool *spool;
    struct item *items; /* oldest crash first */
    struct destination *destinations;
    json_t *saved; /* of destinations that were not met yet */
};

/* Reads what earlier processes knew about the servers. */
int outbox_open(const struct spool *spool, struct outbox *ret);
/* Writes it down. */
void outbox_save(const struct outbox *outbox);

/* 0, -EEXIST if it is known, -EBADMSG if its files are damaged, or negative errno. */
int outbox_add(struct outbox *outbox, const char *id, struct item **ret);
void outbox_remove(struct outbox *outbox, struct item *item);
/* An item that may be sent now, or NULL; *due is when the next one may, UINT64_MAX if there is
 * none. */
struct item *outbox_next(const struct outbox *outbox, uint64_t now, uint64_t *due);

/* Keeps the state of a delivery in its entry; error and next_try may be NULL. */
void outbox_note(const struct outbox *outbox, const struct item *item, const char *state,
                 const char *error, const char *next_try);

#endif
