/* SPDX-License-Identifier: MIT */
#include "crashd/archive.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "crashd/courier.h"
#include "crashd/jobs.h"
#include "crashd/notify.h"
#include "crashd/store.h"

struct archive {
    struct daemon *daemon;
    pid_t pid;
    struct link link;
    sd_event_source *child, *restart;
};

static int start(struct archive *archive);

static void on_message(void *context, struct ipc_message *message) {
    struct archive *archive = context;
    struct daemon *daemon = archive->daemon;
    const char *id = ipc_text(message->body, "id"), *state = ipc_text(message->body, "state"),
               *error = ipc_text(message->body, "error");
    if (ipc_is(message, "stored")) {
        jobs_stored(daemon->jobs, id, (int)ipc_number(message->body, "problem"));
        if (strcmp(state, "queued") == 0)
            courier_queue(daemon->courier, id);
        if (*state)
            notify_event(daemon->notifier, "reported", id, state, *error ? error : NULL);
    }
    daemon_progress(daemon);
}

static void on_closed(void *context) {
    struct archive *archive = context;
    link_close(&archive->link);
}

static int on_restart(sd_event_source *source, uint64_t usec, void *context) {
    struct archive *archive = context;
    if (start(archive) >= 0)
        jobs_store_lost(archive->daemon->jobs);
    return 0;
}

static int on_ended(sd_event_source *source, const siginfo_t *info, void *context) {
    struct archive *archive = context;
    link_close(&archive->link);
    archive->child = sd_event_source_disable_unref(archive->child);
    archive->pid = 0;
    if (!archive->daemon->stopping) {
        log_error("the store ended (%s %d): starting it again",
                  info->si_code == CLD_EXITED ? "status" : "signal", info->si_status);
        daemon_timer(archive->daemon, &archive->restart, DAEMON_SECOND / 5, on_restart, archive);
    }
    daemon_progress(archive->daemon);
    return 0;
}

static int start(struct archive *archive) {
    struct daemon *daemon = archive->daemon;
    int pair[2];
    int r = ipc_pair(pair);
    if (r < 0)
        return r;
    pid_t pid = fork();
    if (pid == 0) {
        struct store_options options = {
            .spool = &daemon->spool,
            .main = pair[1],
            .lock = daemon->lock,
            .state_path = daemon->state_path,
            .socket_path = daemon->socket_path,
            .private_run = daemon->options.run_id != NULL,
            .retention_days = config_quantity(daemon->config, CONFIG_RETENTION_DAYS, NULL),
            .retention_count = config_quantity(daemon->config, CONFIG_RETENTION_COUNT, NULL),
        };
        store_run(&options);
    }
    close(pair[1]);
    if (pid < 0) {
        r = -errno;
        close(pair[0]);
        log_error("the store could not be started: %s", strerror(-r));
        return r;
    }
    archive->pid = pid;
    r = link_open(&archive->link, daemon->event, pair[0], on_message, on_closed, archive);
    if (r >= 0)
        r = sd_event_add_child(daemon->event, &archive->child, pid, WEXITED, on_ended, archive);
    return r;
}

int archive_new(struct daemon *daemon, struct archive **ret) {
    struct archive *archive = calloc(1, sizeof *archive);
    if (!archive)
        return -ENOMEM;
    archive->daemon = daemon;
    *ret = archive;
    return start(archive);
}

void archive_captured(struct archive *archive, const char *id) {
    link_send_new(&archive->link, json_pack("{ss ss}", "type", "captured", "id", id));
}

void archive_result(struct archive *archive, const char *id, json_t *destination, int result) {
    BASE_CLEANUP(json)
    json_t *message =
        json_pack("{ss ss sO?}", "type", "result", "id", id, "destination", destination);
    /* Without a store the result waits for its restart: jobs_store_lost() gives it again. */
    if (message)
        link_send(&archive->link, message, &result, 1);
}

void archive_copied(struct archive *archive, const char *id, const char *copy, const char *name,
                    int64_t pid) {
    link_send_new(&archive->link, json_pack("{ss ss ss ss sI}", "type", "copied", "id", id, "copy",
                                            copy, "name", name, "pid", (json_int_t)pid));
}

void archive_fail(struct archive *archive, const char *id, const char *why) {
    link_send_new(&archive->link, json_pack("{ss ss ss}", "type", "fail", "id", id, "error", why));
}

void archive_delivery(struct archive *archive, const json_t *message) {
    link_send(&archive->link, message, NULL, 0);
}

struct archive *archive_free(struct archive *archive) {
    if (!archive)
        return NULL;
    sd_event_source_disable_unref(archive->child);
    sd_event_source_disable_unref(archive->restart);
    /* It ends with the conversation, when all of it is read. */
    link_close(&archive->link);
    if (archive->pid > 0)
        waitpid(archive->pid, NULL, 0);
    free(archive);
    return NULL;
}
