/* SPDX-License-Identifier: MIT */
#include "crashd/notify.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "control/control.h"
#include "crashd/courier.h"
#include "crashd/jobs.h"
#include "crashd/pool.h"

struct notifier {
    struct daemon *daemon;
    struct link link;
    bool flushing;
};

static int count_one(void *context, const char *id) {
    ++*(json_int_t *)context;
    return 0;
}

static json_t *status(struct daemon *daemon, const char *type) {
    json_int_t outbox = 0, receiving = (json_int_t)pool_serving(daemon->pool);
    if (receiving == 0 && pool_busy(daemon->pool))
        receiving = 1;
    spool_each(&daemon->spool, SPOOL_OUTBOX, count_one, &outbox);
    return json_pack("{ss sI sI sI}", "type", type, "receiving", receiving, "captured",
                     (json_int_t)jobs_count(daemon->jobs), "outbox", outbox);
}

void notify_progress(struct notifier *notifier) {
    struct daemon *daemon = notifier ? notifier->daemon : NULL;
    if (!notifier || !notifier->flushing || pool_busy(daemon->pool) || jobs_count(daemon->jobs) > 0)
        return;
    BASE_CLEANUP(json)
    json_t *answer = status(daemon, CONTROL_FLUSHED);
    if (ipc_number(answer, "outbox") > 0 && !courier_stuck(daemon->courier))
        return;
    notifier->flushing = false;
    link_send(&notifier->link, answer, NULL, 0);
}

static void on_message(void *context, struct ipc_message *message) {
    struct notifier *notifier = context;
    struct daemon *daemon = notifier->daemon;
    if (ipc_is(message, CONTROL_STATUS)) {
        link_send_new(&notifier->link, status(daemon, CONTROL_STATUS));
    } else if (ipc_is(message, CONTROL_FLUSH)) {
        notifier->flushing = true;
        if (daemon->options.drop_dir)
            pool_sweep(daemon->pool);
        courier_retry(daemon->courier, false);
        daemon_progress(daemon);
    }
}

static void on_closed(void *context) {
    struct notifier *notifier = context;
    struct daemon *daemon = notifier->daemon;
    link_close(&notifier->link);
    /* A private daemon has no life of its own. */
    sd_event_exit(daemon->event, 0);
}

int notify_new(struct daemon *daemon, struct notifier **ret) {
    *ret = NULL;
    if (daemon->options.notify_fd < 0)
        return 0;
    struct notifier *notifier = calloc(1, sizeof *notifier);
    if (!notifier)
        return -ENOMEM;
    notifier->daemon = daemon;
    *ret = notifier;
    return link_open(&notifier->link, daemon->event, daemon->options.notify_fd, on_message,
                     on_closed, notifier);
}

void notify_event(struct notifier *notifier, const char *type, const char *id, const char *state,
                  const char *error) {
    if (notifier)
        link_send_new(&notifier->link, json_pack("{ss ss ss ss*}", "type", type, "id", id, "state",
                                                 state, "error", error));
}

struct notifier *notify_free(struct notifier *notifier) {
    if (notifier)
        link_close(&notifier->link);
    free(notifier);
    return NULL;
}
