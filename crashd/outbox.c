/* SPDX-License-Identifier: MIT */
#include "crashd/outbox.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "crashd/ipc.h"

#define STATE_FILE "network.json"

int outbox_open(const struct spool *spool, struct outbox *ret) {
    *ret = (struct outbox){.spool = spool, .saved = spool_read_json(spool->root, STATE_FILE)};
    if (!ret->saved)
        ret->saved = json_object();
    return ret->saved ? 0 : -ENOMEM;
}

void outbox_save(const struct outbox *outbox) {
    bool changed = false;
    for (const struct destination *d = outbox->destinations; d; d = d->next) {
        json_t *state = destination_state(d);
        changed |= !json_equal(json_object_get(outbox->saved, d->dsn), state);
        json_object_set_new(outbox->saved, d->dsn, state);
    }
    int r = changed ? spool_write_json(outbox->spool->root, STATE_FILE, outbox->saved) : 0;
    if (r < 0)
        log_warning(STATE_FILE " could not be written: %s: pauses and limits are forgotten at the "
                               "next start",
                    strerror(-r));
}

static struct destination *find_destination(struct outbox *outbox, const char *dsn) {
    for (struct destination *d = outbox->destinations; d; d = d->next)
        if (strcmp(d->dsn, dsn) == 0)
            return d;
    struct destination *destination = destination_new(dsn);
    if (!destination)
        return NULL;
    destination_restore(destination, json_object_get(outbox->saved, dsn), clock_realtime());
    destination->next = outbox->destinations;
    outbox->destinations = destination;
    return destination;
}

int outbox_add(struct outbox *outbox, const char *id, struct item **ret) {
    for (struct item *item = outbox->items; item; item = item->next)
        if (strcmp(item->id, id) == 0)
            return -EEXIST;
    BASE_CLEANUP(close)
    int entry = spool_entry(outbox->spool, SPOOL_OUTBOX, id);
    if (entry < 0)
        return entry;
    BASE_CLEANUP(json)
    json_t *delivery = spool_read_json(entry, "delivery.json");
    BASE_CLEANUP(json)
    json_t *facts = spool_read_json(entry, "facts.json");
    struct destination *destination = find_destination(outbox, ipc_text(delivery, "dsn"));
    if (!destination || !facts)
        return -EBADMSG;
    struct item *item = calloc(1, sizeof *item);
    if (!item)
        return -ENOMEM;
    memcpy(item->id, id, SPOOL_ID_SIZE);
    item->destination = destination;
    item->attempts = ipc_number(delivery, "attempts");
    item->events_only = ipc_flag(delivery, "events_only");
    item->time = (uint64_t)ipc_number(facts, "time");
    struct item **p = &outbox->items;
    while (*p && (*p)->time <= item->time)
        p = &(*p)->next;
    item->next = *p;
    *p = *ret = item;
    return 0;
}

void outbox_remove(struct outbox *outbox, struct item *item) {
    struct item **p = &outbox->items;
    while (*p != item)
        p = &(*p)->next;
    *p = item->next;
    free(item);
}

struct item *outbox_next(const struct outbox *outbox, uint64_t now, uint64_t *due) {
    *due = UINT64_MAX;
    for (struct item *item = outbox->items; item; item = item->next) {
        const struct destination *d = item->destination;
        if (item->in_flight || d->in_flight >= destination_width(d))
            continue;
        uint64_t when = destination_due(d, now);
        if (when == 0)
            return item;
        if (when < *due)
            *due = when;
    }
    return NULL;
}

void outbox_note(const struct outbox *outbox, const struct item *item, const char *state,
                 const char *error, const char *next_try) {
    BASE_CLEANUP(close)
    int entry = spool_entry(outbox->spool, SPOOL_OUTBOX, item->id);
    BASE_CLEANUP(json)
    json_t *delivery = json_pack("{ss sI ss sb ss* ss*}", "dsn", item->destination->dsn, "attempts",
                                 (json_int_t)item->attempts, "state", state, "events_only",
                                 item->events_only, "error", error, "next_try", next_try);
    int r = entry < 0  ? entry
            : delivery ? spool_write_json(entry, "delivery.json", delivery)
                       : -ENOMEM;
    if (r < 0)
        log_warning("the delivery of %s could not be noted: %s", item->id, strerror(-r));
}
