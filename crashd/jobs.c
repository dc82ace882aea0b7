/* SPDX-License-Identifier: MIT */
#include "crashd/jobs.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "crashd/archive.h"
#include "crashd/child.h"
#include "crashd/courier.h"
#include "crashd/fold.h"
#include "crashd/modules.h"
#include "crashd/notify.h"
#include "crashd/request.h"

enum { WORKERS_MAX = 4, STORING_MAX = 8, KEPT_DESCRIPTORS_MAX = 512 };

static const uint64_t JOB_TIME = 30, IDLE_TIME = 30, HOLD_TIME = 10, /* seconds */
    COPY_WAIT = 1; /* for the crash that one may be a copy of, which another receiver has */

/* JOB_SUSPECTED: it may be a copied death, and nobody is told about it before that is known. */
enum job_state { JOB_SUSPECTED, JOB_QUEUED, JOB_WORKING, JOB_STORING };

struct job {
    struct job *next;
    char id[SPOOL_ID_SIZE];
    uint32_t domain; /* a uid; 0 for the system's */
    enum job_state state;
    struct fold_death death;
    uint64_t suspected; /* when, monotonic */
    bool scanned;       /* died before this daemon's time */
    unsigned failures;
    int result; /* memfd, -1 */
    json_t *destination;
    json_t *paths;
    int fds[MODULES_MAX];
    size_t n_fds;
};

struct worker {
    struct jobs *jobs;
    pid_t pid; /* 0: no process */
    uint32_t domain;
    struct job *job;
    const char *verdict; /* why it was killed */
    struct link link;
    sd_event_source *child, *deadline, *idle;
};

struct jobs {
    struct daemon *daemon;
    struct job *first, **last;
    size_t n, storing, descriptors;
    bool held; /* the disk is full */
    sd_event_source *hold, *suspicion;
    struct fold fold;
    struct worker workers[WORKERS_MAX];
};

static void schedule(struct jobs *jobs);

static void drop_descriptors(struct jobs *jobs, struct job *job) {
    for (size_t i = 0; i < job->n_fds; i++)
        close(job->fds[i]);
    jobs->descriptors -= job->n_fds;
    job->n_fds = 0;
    json_decref(job->paths);
    job->paths = NULL;
}

static void remove_job(struct jobs *jobs, struct job *job) {
    struct job **p = &jobs->first;
    while (*p != job)
        p = &(*p)->next;
    *p = job->next;
    if (!*p)
        jobs->last = p;
    jobs->n--;
    if (job->state == JOB_STORING)
        jobs->storing--;
    drop_descriptors(jobs, job);
    cleanup_close(&job->result);
    json_decref(job->destination);
    free(job);
}

static struct job *find_job(struct jobs *jobs, const char *id) {
    struct job *job = jobs->first;
    while (job && strcmp(job->id, id) != 0)
        job = job->next;
    return job;
}

/* Beyond a second failure even a reduced report is too much: kept, out of the way of others. */
static void give_up(struct jobs *jobs, struct job *job, const char *why) {
    log_error("%s cannot be reported (%s): kept in failed/; please report this as a bug of crashd",
              job->id, why);
    archive_fail(jobs->daemon->archive, job->id, why);
    remove_job(jobs, job);
}

static void job_failed(struct jobs *jobs, struct job *job, const char *why) {
    job->state = JOB_QUEUED;
    cleanup_close(&job->result);
    job->result = -1;
    if (++job->failures > 2) {
        give_up(jobs, job, why);
        return;
    }
    log_warning("%s: %s: %s", job->id, why,
                job->failures == 1 ? "trying again" : "making a reduced report");
}

static void store_result(struct jobs *jobs, struct job *job) {
    job->state = JOB_STORING;
    jobs->storing++;
    archive_result(jobs->daemon->archive, job->id, job->destination, job->result);
}

static int on_idle(sd_event_source *source, uint64_t usec, void *context) {
    struct worker *worker = context;
    /* It ends when its conversation does. */
    if (!worker->job)
        link_close(&worker->link);
    return 0;
}

static void on_message(void *context, struct ipc_message *message) {
    struct worker *worker = context;
    struct jobs *jobs = worker->jobs;
    struct job *job = worker->job;
    if (!job || !ipc_is(message, "done") || strcmp(ipc_text(message->body, "id"), job->id) != 0)
        return;
    worker->job = NULL;
    sd_event_source_set_enabled(worker->deadline, SD_EVENT_OFF);
    int64_t error = ipc_number(message->body, "error");
    if (error == 0) {
        drop_descriptors(jobs, job);
        store_result(jobs, job);
    } else if (error == EBADMSG || error == EPROTONOSUPPORT || error == E2BIG) {
        give_up(jobs, job,
                error == EBADMSG           ? "it is no snapshot"
                : error == EPROTONOSUPPORT ? "its hook is newer than this crashd"
                                           : "it is too large");
    } else {
        job_failed(jobs, job, strerror((int)error));
    }
    daemon_timer(jobs->daemon, &worker->idle, IDLE_TIME * DAEMON_SECOND, on_idle, worker);
    schedule(jobs);
    daemon_progress(jobs->daemon);
}

static void on_closed(void *context) {
    struct worker *worker = context;
    link_close(&worker->link);
}

static int on_ended(sd_event_source *source, const siginfo_t *info, void *context) {
    struct worker *worker = context;
    struct jobs *jobs = worker->jobs;
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
    *worker = (struct worker){.jobs = jobs};
    if (job && !jobs->daemon->stopping)
        job_failed(jobs, job, why);
    schedule(jobs);
    daemon_progress(jobs->daemon);
    return 0;
}

static int on_overdue(sd_event_source *source, uint64_t usec, void *context) {
    struct worker *worker = context;
    worker->verdict = "it took the worker too long";
    kill(worker->pid, SIGKILL);
    return 0;
}

/* The user that workers of a system daemon are. */
static void worker_user(char text[32]) {
    struct passwd *user = getpwnam("crashd-worker");
    if (!user)
        user = getpwnam("nobody");
    snprintf(text, 32, "%u:%u", user ? user->pw_uid : 65534, user ? user->pw_gid : 65534);
}

static int start_worker(struct worker *worker, uint32_t domain) {
    struct jobs *jobs = worker->jobs;
    struct daemon *daemon = jobs->daemon;
    char user[32];
    int pair[2];
    int r = ipc_pair(pair);
    if (r < 0)
        return r;
    worker_user(user);
    bool switch_user = geteuid() == 0 && !daemon->options.run_id;
    const char *arguments[] = {"crashd-worker",
                               "--debug-directories",
                               config_text(daemon->config, CONFIG_DEBUG_DIRECTORIES, NULL, NULL),
                               switch_user ? "--user" : NULL,
                               user,
                               NULL};
    pid_t pid = child_spawn("worker", arguments, &pair[1], 1);
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

/* The worker of a domain; a new one where there is room, if need be in place of an idle one of
 * another domain (which ends, and frees its place). NULL: later. */
static struct worker *worker_for(struct jobs *jobs, uint32_t domain) {
    struct worker *place = NULL, *idle = NULL;
    for (size_t i = 0; i < WORKERS_MAX; i++) {
        struct worker *worker = &jobs->workers[i];
        if (worker->pid && worker->domain == domain)
            return worker->job || !worker->link.source ? NULL : worker;
        if (!worker->pid)
            place = worker;
        else if (!worker->job)
            idle = worker;
    }
    if (place)
        return start_worker(place, domain) < 0 ? NULL : place;
    if (idle)
        link_close(&idle->link);
    return NULL;
}

static int send_job(struct worker *worker, struct job *job) {
    struct daemon *daemon = worker->jobs->daemon;
    int fds[2 + MODULES_MAX];
    BASE_CLEANUP(close)
    int entry = spool_entry(&daemon->spool, SPOOL_CAPTURED, job->id);
    if (entry < 0)
        return entry;
    BASE_CLEANUP(close)
    int snapshot = openat(entry, "snapshot", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    BASE_CLEANUP(json)
    json_t *facts = spool_read_json(entry, "facts.json");
    if (snapshot < 0 || !facts)
        return -ENODATA;
    job->result = memfd_create("crashd-result", MFD_CLOEXEC);
    if (job->result < 0)
        return -errno;
    json_decref(job->destination);
    job->destination = NULL;
    BASE_CLEANUP(json)
    json_t *request = request_new(daemon, facts, job->failures, &job->destination);
    if (!request)
        return -ENOMEM;
    if (job->destination)
        courier_wake(daemon->courier);
    fds[0] = snapshot;
    fds[1] = job->result;
    memcpy(fds + 2, job->fds, job->n_fds * sizeof *fds);
    if (job->paths)
        json_object_set(request, "modules", job->paths);
    return link_send(&worker->link, request, fds, 2 + job->n_fds);
}

static void schedule(struct jobs *jobs) {
    struct job *next;
    if (jobs->daemon->stopping || jobs->held)
        return;
    for (struct job *job = jobs->first; job && jobs->storing < STORING_MAX; job = next) {
        next = job->next;
        if (job->state != JOB_QUEUED)
            continue;
        struct worker *worker = worker_for(jobs, job->domain);
        if (!worker)
            continue;
        int r = send_job(worker, job);
        if (r == -ENODATA || r == -ENOENT) {
            give_up(jobs, job, "its files are damaged");
            continue;
        }
        if (r < 0) {
            job_failed(jobs, job, strerror(-r));
            continue;
        }
        job->state = JOB_WORKING;
        worker->job = job;
        sd_event_source_set_enabled(worker->idle, SD_EVENT_OFF);
        daemon_timer(jobs->daemon, &worker->deadline, JOB_TIME * DAEMON_SECOND, on_overdue, worker);
    }
}

static void read_death(struct jobs *jobs, const char *id, const struct ipc_message *message,
                       struct fold_death *ret) {
    if (message) {
        fold_read(message->body, id, ret);
        return;
    }
    BASE_CLEANUP(close)
    int entry = spool_entry(&jobs->daemon->spool, SPOOL_CAPTURED, id);
    BASE_CLEANUP(json)
    json_t *facts = entry < 0 ? NULL : spool_read_json(entry, "facts.json");
    fold_read(facts, id, ret);
}

static void enqueue(struct jobs *jobs, struct job *job) {
    job->state = JOB_QUEUED;
    fold_remember(&jobs->fold, &job->death);
    archive_captured(jobs->daemon->archive, job->id);
    if (!job->scanned)
        notify_event(jobs->daemon->notifier, "captured", job->id, "captured", NULL);
}

/* A copied death is no crash of its own; the crash that it copies says that it was there. */
static void fold_job(struct jobs *jobs, struct job *job, const char *origin) {
    BASE_CLEANUP(close)
    int entry = spool_entry(&jobs->daemon->spool, SPOOL_CAPTURED, job->id);
    BASE_CLEANUP(json)
    json_t *facts = entry < 0 ? NULL : spool_read_json(entry, "facts.json");
    memcpy(job->death.origin, origin, SPOOL_ID_SIZE);
    fold_remember(&jobs->fold, &job->death);
    int r = spool_remove(&jobs->daemon->spool, SPOOL_CAPTURED, job->id);
    if (r < 0)
        log_error("%s could not be removed: %s", job->id, strerror(-r));
    archive_copied(jobs->daemon->archive, origin, job->id, ipc_text(facts, "comm"), job->death.pid);
    log_notice("%s: %s[%lld] only passed on the signal that its child died of: folded into %s",
               job->id, ipc_text(facts, "comm"), (long long)job->death.pid, origin);
    remove_job(jobs, job);
}

/* Each copy that is found may be what another is a copy of: timeout under timeout. */
static void fold_copies(struct jobs *jobs) {
    struct job *job = jobs->first;
    while (job) {
        const char *origin =
            job->state == JOB_SUSPECTED ? fold_origin(&jobs->fold, &job->death) : NULL;
        if (origin)
            fold_job(jobs, job, origin);
        job = origin ? jobs->first : job->next;
    }
}

static int on_suspicion_over(sd_event_source *source, uint64_t usec, void *context);

/* The jobs are in the order in which they came. */
static void end_suspicions(struct jobs *jobs) {
    uint64_t now = clock_monotonic(), wait = COPY_WAIT * 1000000000;
    for (struct job *job = jobs->first; job; job = job->next) {
        if (job->state != JOB_SUSPECTED)
            continue;
        if (now - job->suspected < wait) {
            daemon_timer(jobs->daemon, &jobs->suspicion, (wait - (now - job->suspected)) / 1000 + 1,
                         on_suspicion_over, jobs);
            return;
        }
        enqueue(jobs, job);
    }
}

static int on_suspicion_over(sd_event_source *source, uint64_t usec, void *context) {
    end_suspicions(context);
    schedule(context);
    return 0;
}

void jobs_add(struct jobs *jobs, const char *id, struct ipc_message *message) {
    if (strlen(id) != SPOOL_ID_SIZE - 1 || find_job(jobs, id))
        return;
    struct job *job = calloc(1, sizeof *job);
    if (!job) {
        log_error("no memory: %s is reported after a restart", id);
        return;
    }
    memcpy(job->id, id, SPOOL_ID_SIZE);
    job->result = -1;
    job->scanned = !message;
    read_death(jobs, id, message, &job->death);
    job->domain = job->death.uid < 1000 ? 0 : job->death.uid;
    if (message && message->n_fds <= MODULES_MAX &&
        jobs->descriptors + message->n_fds <= KEPT_DESCRIPTORS_MAX) {
        job->paths = json_incref(json_object_get(message->body, "modules"));
        for (; job->n_fds < message->n_fds; job->n_fds++)
            job->fds[job->n_fds] = TAKE_FD(message->fds[job->n_fds]);
        jobs->descriptors += job->n_fds;
    }
    *jobs->last = job;
    jobs->last = &job->next;
    jobs->n++;
    job->suspected = clock_monotonic();
    if (!job->death.may_be_copy)
        enqueue(jobs, job);
    fold_copies(jobs);
    end_suspicions(jobs);
    schedule(jobs);
}

static int add_scanned(void *context, const char *id) {
    jobs_add(context, id, NULL);
    return 0;
}

void jobs_scan(struct jobs *jobs) {
    int r = spool_each(&jobs->daemon->spool, SPOOL_CAPTURED, add_scanned, jobs);
    if (r < 0)
        log_error("captured/: %s", strerror(-r));
}

static int on_hold_over(sd_event_source *source, uint64_t usec, void *context) {
    struct jobs *jobs = context;
    jobs->held = false;
    schedule(jobs);
    return 0;
}

void jobs_stored(struct jobs *jobs, const char *id, int problem) {
    struct job *job = find_job(jobs, id);
    if (!job || job->state != JOB_STORING)
        return;
    if (problem == 0) {
        remove_job(jobs, job);
    } else if (problem == ENOSPC || problem == EDQUOT) {
        /* No fault of this crash: it stays captured until there is room. */
        jobs->storing--;
        job->state = JOB_QUEUED;
        cleanup_close(&job->result);
        job->result = -1;
        jobs->held = true;
        daemon_timer(jobs->daemon, &jobs->hold, HOLD_TIME * DAEMON_SECOND, on_hold_over, jobs);
    } else {
        jobs->storing--;
        job_failed(jobs, job, "the report could not be stored");
    }
    schedule(jobs);
}

void jobs_store_lost(struct jobs *jobs) {
    struct job *next;
    for (struct job *job = jobs->first; job; job = next) {
        next = job->next;
        if (job->state != JOB_STORING)
            continue;
        /* It may have got as far as the rename. */
        if (spool_find(&jobs->daemon->spool, job->id) == SPOOL_CAPTURED)
            archive_result(jobs->daemon->archive, job->id, job->destination, job->result);
        else
            remove_job(jobs, job);
    }
}

size_t jobs_count(const struct jobs *jobs) {
    return jobs->n;
}

int jobs_new(struct daemon *daemon, struct jobs **ret) {
    struct jobs *jobs = calloc(1, sizeof *jobs);
    if (!jobs)
        return -ENOMEM;
    jobs->daemon = daemon;
    jobs->last = &jobs->first;
    for (size_t i = 0; i < WORKERS_MAX; i++)
        jobs->workers[i].jobs = jobs;
    *ret = jobs;
    return 0;
}

void jobs_stop(struct jobs *jobs) {
    for (size_t i = 0; i < WORKERS_MAX; i++)
        if (jobs->workers[i].pid)
            kill(jobs->workers[i].pid, SIGKILL);
}

struct jobs *jobs_free(struct jobs *jobs) {
    if (!jobs)
        return NULL;
    while (jobs->first)
        remove_job(jobs, jobs->first);
    for (size_t i = 0; i < WORKERS_MAX; i++) {
        struct worker *worker = &jobs->workers[i];
        link_close(&worker->link);
        sd_event_source_disable_unref(worker->child);
        sd_event_source_disable_unref(worker->deadline);
        sd_event_source_disable_unref(worker->idle);
    }
    sd_event_source_disable_unref(jobs->hold);
    sd_event_source_disable_unref(jobs->suspicion);
    free(jobs);
    return NULL;
}
