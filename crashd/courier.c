/* SPDX-License-Identifier: MIT */
#include "crashd/courier.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "crashd/archive.h"
#include "crashd/child.h"
#include "crashd/jobs.h"
#include "crashd/notify.h"

struct courier {
    struct daemon *daemon;
    pid_t pid;
    struct link link;
    sd_event_source *child, *restart;
    int64_t told;   /* messages sent to this process */
    bool overtaken; /* it went to rest before it had read all of them */
    bool stuck;     /* nothing will be sent for long */
    uint64_t next;  /* when it wants to be started again, CLOCK_REALTIME; 0: not */
};

static int start(struct courier *courier);

static void relay_delivery(struct courier *courier, struct ipc_message *message) {
    struct daemon *daemon = courier->daemon;
    const char *id = ipc_text(message->body, "id"), *state = ipc_text(message->body, "state"),
               *error = ipc_text(message->body, "error");
    archive_delivery(daemon->archive, message->body);
    if (*id)
        notify_event(daemon->notifier, "delivery", id, state, *error ? error : NULL);
}

static void on_message(void *context, struct ipc_message *message) {
    struct courier *courier = context;
    if (ipc_is(message, "delivery")) {
        relay_delivery(courier, message);
    } else if (ipc_is(message, "fetched")) {
        jobs_fetched(courier->daemon->jobs, message->body);
    } else if (ipc_is(message, "damaged")) {
        jobs_add(courier->daemon->jobs, ipc_text(message->body, "id"), NULL);
    } else if (ipc_is(message, "stuck")) {
        courier->stuck = ipc_number(message->body, "told") == courier->told;
    } else if (ipc_is(message, "rest")) {
        courier->next = (uint64_t)ipc_number(message->body, "next");
        courier->overtaken = ipc_number(message->body, "told") != courier->told;
        link_close(&courier->link);
    }
    daemon_progress(courier->daemon);
}

static void on_closed(void *context) {
    struct courier *courier = context;
    link_close(&courier->link);
}

static int on_restart(sd_event_source *source, uint64_t usec, void *context) {
    start(context);
    return 0;
}

static int on_ended(sd_event_source *source, const siginfo_t *info, void *context) {
    struct courier *courier = context;
    bool well = info->si_code == CLD_EXITED && info->si_status == 0;
    while (link_pending(&courier->link)) {
        BASE_CLEANUP(ipc)
        struct ipc_message message;
        if (ipc_receive(courier->link.fd, &message) <= 0)
            break;
        on_message(courier, &message);
    }
    link_close(&courier->link);
    courier->child = sd_event_source_disable_unref(courier->child);
    courier->pid = 0;
    if (courier->daemon->stopping)
        return 0;
    uint64_t wait = UINT64_MAX, now = clock_realtime();
    if (!well) {
        log_error("crashd-network ended (%s %d): starting it again",
                  info->si_code == CLD_EXITED ? "status" : "signal", info->si_status);
        wait = DAEMON_SECOND;
    } else if (courier->overtaken) {
        wait = 0;
    } else if (courier->next) {
        wait = courier->next > now ? (courier->next - now) / 1000 : 0;
    }
    if (wait != UINT64_MAX)
        daemon_timer(courier->daemon, &courier->restart, wait, on_restart, courier);
    daemon_progress(courier->daemon);
    return 0;
}

static int start(struct courier *courier) {
    struct daemon *daemon = courier->daemon;
    const struct config *config = daemon->config;
    char connect[32], upload[32], days[32];
    int pair[2];
    if (courier->pid || daemon->stopping)
        return 0;
    sd_event_source_set_enabled(courier->restart, SD_EVENT_OFF);
    int r = ipc_pair(pair);
    if (r < 0)
        return r;
    snprintf(connect, sizeof connect, "%llu",
             (unsigned long long)config_quantity(config, CONFIG_CONNECT_TIMEOUT, NULL) / 1000000);
    snprintf(upload, sizeof upload, "%llu",
             (unsigned long long)config_quantity(config, CONFIG_UPLOAD_TIMEOUT, NULL) / 1000000);
    snprintf(days, sizeof days, "%llu",
             (unsigned long long)config_quantity(config, CONFIG_RETENTION_DAYS, NULL));
    const char *ca = config_text(config, CONFIG_CA_FILE, NULL, NULL),
               *proxy = config_text(config, CONFIG_PROXY, NULL, NULL);
    const char *arguments[] = {
        "crashd-network", "--connect-ms", connect,   "--upload-ms",      upload, "--days", days,
        "--ca-file",      ca ? ca : "",   "--proxy", proxy ? proxy : "", NULL};
    int fds[] = {pair[1], daemon->spool.root, daemon->lock, daemon->debug_cache_parent};
    pid_t pid = child_spawn("network", arguments, fds, 4);
    close(pair[1]);
    if (pid < 0) {
        close(pair[0]);
        log_error("crashd-network could not be started: %s: reports wait in outbox/",
                  strerror(-pid));
        return pid;
    }
    courier->pid = pid;
    courier->told = 0;
    courier->next = 0;
    courier->overtaken = courier->stuck = false;
    r = link_open(&courier->link, daemon->event, pair[0], on_message, on_closed, courier);
    if (r >= 0)
        r = sd_event_add_child(daemon->event, &courier->child, pid, WEXITED, on_ended, courier);
    /* What the last one was asked and did not answer. */
    if (r >= 0)
        jobs_fetch_again(daemon->jobs);
    return r;
}

static void tell(struct courier *courier, json_t *message) {
    BASE_CLEANUP(json)
    json_t *owned = message;
    courier->stuck = false;
    if (start(courier) < 0 || !owned)
        return;
    courier->told++;
    if (link_send(&courier->link, owned, NULL, 0) < 0)
        courier->overtaken = true;
}

void courier_wake(struct courier *courier) {
    start(courier);
}

void courier_queue(struct courier *courier, const char *id) {
    tell(courier, json_pack("{ss ss}", "type", "queue", "id", id));
}

void courier_fetch(struct courier *courier, json_t *message) {
    tell(courier, message);
}

static int found(void *context, const char *id) {
    return -EEXIST;
}

void courier_scan(struct courier *courier) {
    if (spool_each(&courier->daemon->spool, SPOOL_OUTBOX, found, NULL) == -EEXIST)
        start(courier);
}

void courier_retry(struct courier *courier, bool new_config) {
    if (spool_each(&courier->daemon->spool, SPOOL_OUTBOX, found, NULL) == -EEXIST)
        tell(courier, json_pack("{ss sb}", "type", "retry", "new_config", new_config));
}

bool courier_stuck(const struct courier *courier) {
    return courier->stuck;
}

int courier_new(struct daemon *daemon, struct courier **ret) {
    struct courier *courier = calloc(1, sizeof *courier);
    if (!courier)
        return -ENOMEM;
    courier->daemon = daemon;
    *ret = courier;
    /* Made here, so that start() can always switch it off. */
    return daemon_timer(daemon, &courier->restart, UINT64_C(3600) * DAEMON_SECOND, on_restart,
                        courier);
}

void courier_stop(struct courier *courier) {
    /* What is on its way is sent again with the same id. */
    if (courier->pid)
        kill(courier->pid, SIGKILL);
}

struct courier *courier_free(struct courier *courier) {
    if (!courier)
        return NULL;
    link_close(&courier->link);
    sd_event_source_disable_unref(courier->child);
    sd_event_source_disable_unref(courier->restart);
    free(courier);
    return NULL;
}
