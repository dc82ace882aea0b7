/* SPDX-License-Identifier: MIT */
#include "crashd/pool.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "crashd/jobs.h"
#include "crashd/archive.h"
#include "crashd/receiver.h"

struct receiver {
    struct pool *pool;
    bool used, busy, sweeping, condemned;
    pid_t pid;
    struct link link;
    sd_event_source *child, *deadline, *idle;
};

struct pool {
    struct daemon *daemon;
    struct receiver receivers[QUOTA_SLOTS];
    bool sweep_wanted;
};

static int start_receiver(struct pool *pool);

static size_t count(const struct pool *pool, bool only_free) {
    size_t n = 0;
    for (size_t i = 0; i < QUOTA_SLOTS; i++) {
        const struct receiver *receiver = &pool->receivers[i];
        n += receiver->used && !receiver->condemned &&
             !(only_free && (receiver->busy || receiver->sweeping));
    }
    return n;
}

/* The standing receivers, and one more whenever none is free. */
static void keep_enough(struct pool *pool) {
    if (pool->daemon->stopping)
        return;
    while (count(pool, false) < QUOTA_RECEIVERS_MIN ||
           (count(pool, true) == 0 && count(pool, false) < QUOTA_RECEIVERS_MAX))
        if (start_receiver(pool) < 0)
            return;
}

static int on_overdue(sd_event_source *source, uint64_t usec, void *context) {
    struct receiver *receiver = context;
    log_warning("a client kept a receiver for %d seconds: both are dropped", INTAKE_SECONDS);
    kill(receiver->pid, SIGKILL);
    /* One that hangs in the kernel stays where it is, and on its user's account. */
    receiver->condemned = true;
    keep_enough(receiver->pool);
    daemon_progress(receiver->pool->daemon);
    return 0;
}

static int on_idle(sd_event_source *source, uint64_t usec, void *context) {
    struct receiver *receiver = context;
    if (!receiver->busy && count(receiver->pool, false) > QUOTA_RECEIVERS_MIN)
        link_send_new(&receiver->link, json_pack("{ss}", "type", "stop"));
    return 0;
}

static void set_busy(struct receiver *receiver, bool busy) {
    struct daemon *daemon = receiver->pool->daemon;
    receiver->busy = busy;
    if (busy) {
        daemon_timer(daemon, &receiver->deadline, INTAKE_SECONDS * DAEMON_SECOND, on_overdue,
                     receiver);
        keep_enough(receiver->pool);
        return;
    }
    sd_event_source_set_enabled(receiver->deadline, SD_EVENT_OFF);
    if (count(receiver->pool, false) > QUOTA_RECEIVERS_MIN)
        daemon_timer(daemon, &receiver->idle, 30 * DAEMON_SECOND, on_idle, receiver);
}

static void give_sweep(struct pool *pool) {
    for (size_t i = 0; pool->sweep_wanted && i < QUOTA_SLOTS; i++) {
        struct receiver *receiver = &pool->receivers[i];
        if (!receiver->used || receiver->busy || receiver->sweeping || receiver->condemned)
            continue;
        if (link_send_new(&receiver->link, json_pack("{ss}", "type", "sweep")) == 0) {
            receiver->sweeping = true;
            pool->sweep_wanted = false;
        }
    }
}

static void on_message(void *context, struct ipc_message *message) {
    struct receiver *receiver = context;
    struct pool *pool = receiver->pool;
    if (ipc_is(message, "busy")) {
        set_busy(receiver, true);
    } else if (ipc_is(message, "idle")) {
        set_busy(receiver, false);
        give_sweep(pool);
    } else if (ipc_is(message, "swept")) {
        receiver->sweeping = false;
        give_sweep(pool);
    } else if (ipc_is(message, "captured")) {
        jobs_add(pool->daemon->jobs, ipc_text(message->body, "id"), message);
    }
    daemon_progress(pool->daemon);
}

static void on_closed(void *context) {
    struct receiver *receiver = context;
    link_close(&receiver->link);
}

static int on_ended(sd_event_source *source, const siginfo_t *info, void *context) {
    struct receiver *receiver = context;
    struct pool *pool = receiver->pool;
    /* What it said last may still wait in the socket. */
    while (link_pending(&receiver->link)) {
        BASE_CLEANUP(ipc)
        struct ipc_message message;
        if (ipc_receive(receiver->link.fd, &message) <= 0)
            break;
        on_message(receiver, &message);
    }
    if (info->si_code != CLD_EXITED && !receiver->condemned)
        log_error("a receiver died of signal %d: the client it served is lost", info->si_status);
    quota_release(pool->daemon->quota, (size_t)(receiver - pool->receivers));
    quota_waiting(pool->daemon->quota, (size_t)(receiver - pool->receivers), 0);
    link_close(&receiver->link);
    sd_event_source_disable_unref(receiver->child);
    sd_event_source_disable_unref(receiver->deadline);
    sd_event_source_disable_unref(receiver->idle);
    if (receiver->sweeping)
        pool->sweep_wanted = true;
    *receiver = (struct receiver){.pool = pool};
    /* A cause that kills each new one at once must not make main spin. */
    keep_enough(pool);
    give_sweep(pool);
    daemon_progress(pool->daemon);
    return 0;
}

static int start_receiver(struct pool *pool) {
    struct daemon *daemon = pool->daemon;
    int pair[2];
    size_t slot = 0;
    while (slot < QUOTA_SLOTS && pool->receivers[slot].used)
        slot++;
    if (slot == QUOTA_SLOTS)
        return -EAGAIN;
    int r = ipc_pair(pair);
    if (r < 0)
        return r;
    struct receiver *receiver = &pool->receivers[slot];
    pid_t pid = fork();
    if (pid == 0) {
        struct receiver_options options = {
            .intake = {.spool = &daemon->spool,
                       .quota = daemon->quota,
                       .slot = slot,
                       .main = pair[1],
                       .snapshot_max = config_quantity(daemon->config, CONFIG_MAX_SNAPSHOT, NULL),
                       .run_id = daemon->options.run_id},
            .listener = daemon->listener,
            .abstract = daemon->abstract,
            .lock = daemon->lock,
            .drop_dir = daemon->options.drop_dir,
        };
        receiver_run(&options);
    }
    close(pair[1]);
    if (pid < 0) {
        close(pair[0]);
        log_error("a receiver could not be started: %m");
        return -errno;
    }
    *receiver = (struct receiver){.pool = pool, .used = true, .pid = pid};
    r = link_open(&receiver->link, daemon->event, pair[0], on_message, on_closed, receiver);
    if (r >= 0)
        r = sd_event_add_child(daemon->event, &receiver->child, pid, WEXITED, on_ended, receiver);
    return r;
}

int pool_new(struct daemon *daemon, struct pool **ret) {
    struct pool *pool = calloc(1, sizeof *pool);
    if (!pool)
        return -ENOMEM;
    pool->daemon = daemon;
    daemon->pool = *ret = pool;
    keep_enough(pool);
    return count(pool, false) > 0 ? 0 : -EAGAIN;
}

struct pool *pool_free(struct pool *pool) {
    for (size_t i = 0; pool && i < QUOTA_SLOTS; i++) {
        struct receiver *receiver = &pool->receivers[i];
        link_close(&receiver->link);
        sd_event_source_disable_unref(receiver->child);
        sd_event_source_disable_unref(receiver->deadline);
        sd_event_source_disable_unref(receiver->idle);
    }
    free(pool);
    return NULL;
}

void pool_sweep(struct pool *pool) {
    pool->sweep_wanted = true;
    give_sweep(pool);
}

size_t pool_serving(const struct pool *pool) {
    return quota_busy(pool->daemon->quota);
}

bool pool_busy(const struct pool *pool) {
    struct pollfd waiting[] = {{.fd = pool->daemon->listener, .events = POLLIN},
                               {.fd = pool->daemon->abstract, .events = POLLIN}};
    /* In this order: who is no longer in the socket's queue has a slot or has been told about. */
    if (poll(waiting, 2, 0) > 0 || quota_busy(pool->daemon->quota) > 0 || pool->sweep_wanted)
        return true;
    for (size_t i = 0; i < QUOTA_SLOTS; i++) {
        const struct receiver *receiver = &pool->receivers[i];
        if (receiver->used &&
            (receiver->busy || receiver->sweeping || link_pending(&receiver->link)))
            return true;
    }
    return false;
}

void pool_stop(struct pool *pool) {
    for (size_t i = 0; i < QUOTA_SLOTS; i++)
        if (pool->receivers[i].used)
            link_send_new(&pool->receivers[i].link, json_pack("{ss}", "type", "stop"));
}

bool pool_stopped(const struct pool *pool) {
    return count(pool, false) == 0;
}
