/* SPDX-License-Identifier: MIT */
#include "crashd/crew.h"

#include <errno.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "crashd/child.h"
#include "crashd/indexer.h"

enum { WORKERS_MAX = 4 };

static const uint64_t JOB_TIME = 30, IDLE_TIME = 30; /* seconds */

struct worker {
    struct crew *crew;
    pid_t pid; /* 0: no process */
    uint32_t domain;
    struct job *job;
    const char *verdict; /* why it was killed */
    struct link link;
    sd_event_source *child, *deadline, *idle;
};

struct crew {
    struct daemon *daemon;
    struct crew_handlers handlers;
    void *context;
    struct worker workers[WORKERS_MAX];
};

static int on_idle(sd_event_source *source, uint64_t usec, void *context) {
    struct worker *worker = context;
    /* It ends when its conversation does. */
    if (!worker->job)
        link_close(&worker->link);
    return 0;
}

static void on_message(void *context, struct ipc_message *message) {
    struct worker *worker = context;
    struct crew *crew = worker->crew;
    struct job *job = worker->job;
    if (!job || !ipc_is(message, "done") || strcmp(ipc_text(message->body, "id"), job->id) != 0)
        return;
    worker->job = NULL;
    sd_event_source_set_enabled(worker->deadline, SD_EVENT_OFF);
    daemon_timer(crew->daemon, &worker->idle, IDLE_TIME * DAEMON_SECOND, on_idle, worker);
    crew->handlers.done(crew->context, job, message->body);
    crew->handlers.free(crew->context);
    daemon_progress(crew->daemon);
}

static void on_closed(void *context) {
    struct worker *worker = context;
    link_close(&worker->link);
}

static int on_ended(sd_event_source *source, const siginfo_t *info, void *context) {
    struct worker *worker = context;
    struct crew *crew = worker->crew;
    char why[64];
    if (worker->job && worker->verdict)
        snprintf(why, sizeof why, "%s", worker->verdict);
    else if (info->si_code == CLD_EXITED)
        snprintf(why, sizeof why, "the worker ended with status %d", info->si_status);
    else
        snprintf(why, sizeof why, "the worker died of signal %d", info->si_status);
    struct job *job = worker->job;
    link_close(&worker->link);
    sd_event_source_disable_unref(worker->child);
    sd_event_source_disable_unref(worker->deadline);
    sd_event_source_disable_unref(worker->idle);
    *worker = (struct worker){.crew = crew};
    if (job && !crew->daemon->stopping)
        crew->handlers.failed(crew->context, job, why);
    crew->handlers.free(crew->context);
    daemon_progress(crew->daemon);
    return 0;
}

static int on_overdue(sd_event_source *source, uint64_t usec, void *context) {
    struct worker *worker = context;
    worker->verdict = "it took the worker too long";
    kill(worker->pid, SIGKILL);
    return 0;
}

bool crew_user(const struct daemon *daemon, uint32_t domain, char text[32]) {
    struct passwd *user = getpwnam("crashd-worker");
    if (!user)
        user = getpwnam("nobody");
    snprintf(text, 32, "%u:%u", user ? user->pw_uid : 65534, user ? user->pw_gid : 65534);
    /* A run's daemon works as its user on that user's own crashes. Root's run has others as well:
     * their programs must not choose what root reads. */
    return geteuid() == 0 && (!daemon->options.run_id || domain != 0);
}

static int start_worker(struct worker *worker, uint32_t domain) {
    struct daemon *daemon = worker->crew->daemon;
    char user[32];
    int pair[2];
    int r = ipc_pair(pair);
    if (r < 0)
        return r;
    BASE_CLEANUP(close)
    int indexes = indexer_directory(daemon, domain);
    int fds[] = {pair[1], indexes};
    const char *arguments[] = {"crashd-worker",
                               "--debug-directories",
                               config_text(daemon->config, CONFIG_DEBUG_DIRECTORIES, NULL, NULL),
                               "--debug-cache",
                               daemon->debug_cache_path,
                               "--indexes",
                               indexes < 0 ? "no" : "yes",
                               crew_user(daemon, domain, user) ? "--user" : NULL,
                               user,
                               NULL};
    pid_t pid = child_spawn("worker", arguments, fds, indexes < 0 ? 1 : 2);
    close(pair[1]);
    if (pid < 0) {
        close(pair[0]);
        log_error("crashd-worker could not be started: %s", strerror(-pid));
        return pid;
    }
    worker->pid = pid;
    worker->domain = domain;
    r = link_open(&worker->link, daemon->event, pair[0], on_message, on_closed, worker);
    if (r >= 0)
        r = sd_event_add_child(daemon->event, &worker->child, pid, WEXITED, on_ended, worker);
    return r;
}

struct worker *crew_worker(struct crew *crew, uint32_t domain) {
    struct worker *place = NULL, *idle = NULL;
    for (size_t i = 0; i < WORKERS_MAX; i++) {
        struct worker *worker = &crew->workers[i];
        if (worker->pid && worker->domain == domain)
            return worker->job || !worker->link.source ? NULL : worker;
        if (!worker->pid)
            place = worker;
        else if (!worker->job)
            idle = worker;
    }
    if (place)
        return start_worker(place, domain) < 0 ? NULL : place;
    /* One of another domain frees its place when it ends. */
    if (idle)
        link_close(&idle->link);
    return NULL;
}

int crew_give(struct worker *worker, struct job *job, const json_t *request, const int *fds,
              size_t n_fds) {
    int r = link_send(&worker->link, request, fds, n_fds);
    if (r < 0)
        return r;
    worker->job = job;
    sd_event_source_set_enabled(worker->idle, SD_EVENT_OFF);
    daemon_timer(worker->crew->daemon, &worker->deadline, JOB_TIME * DAEMON_SECOND, on_overdue,
                 worker);
    return 0;
}

int crew_new(struct daemon *daemon, const struct crew_handlers *handlers, void *context,
             struct crew **ret) {
    struct crew *crew = calloc(1, sizeof *crew);
    if (!crew)
        return -ENOMEM;
    *crew = (struct crew){.daemon = daemon, .handlers = *handlers, .context = context};
    for (size_t i = 0; i < WORKERS_MAX; i++)
        crew->workers[i].crew = crew;
    *ret = crew;
    return 0;
}

void crew_stop(struct crew *crew) {
    for (size_t i = 0; i < WORKERS_MAX; i++)
        if (crew->workers[i].pid)
            kill(crew->workers[i].pid, SIGKILL);
}

struct crew *crew_free(struct crew *crew) {
    if (!crew)
        return NULL;
    for (size_t i = 0; i < WORKERS_MAX; i++) {
        struct worker *worker = &crew->workers[i];
        link_close(&worker->link);
        sd_event_source_disable_unref(worker->child);
        sd_event_source_disable_unref(worker->deadline);
        sd_event_source_disable_unref(worker->idle);
    }
    free(crew);
    return NULL;
}
