/* SPDX-License-Identifier: MIT */
#include "crashd/jobs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "crashd/archive.h"
#include "crashd/courier.h"
#include "crashd/crew.h"
#include "crashd/indexer.h"
#include "crashd/notify.h"
#include "crashd/refine.h"
#include "crashd/request.h"

enum {
    STORING_MAX = 8,
    FETCHING_MAX = 64,
    FETCHING_OF_DOMAIN_MAX = 16,
    KEPT_DESCRIPTORS_MAX = 512
};

static const uint64_t HOLD_TIME = 10, /* seconds */
    COPY_WAIT = 1; /* for the crash that one may be a copy of, which another receiver has */

struct jobs {
    struct daemon *daemon;
    struct crew *crew;
    struct refine *refine;
    struct indexer *indexer;
    struct job *first, **last;
    size_t n, storing, fetching, descriptors;
    bool held; /* the disk is full */
    sd_event_source *hold, *suspicion, *patience;
    struct fold fold;
};

static void schedule(struct jobs *jobs);
static void finish(struct jobs *jobs, struct job *job);

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
    if (job->state == JOB_FETCHING)
        jobs->fetching--;
    drop_descriptors(jobs, job);
    wanted_clear(&job->wanted);
    cleanup_close(&job->result);
    cleanup_close(&job->earlier);
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
    job->failures++;
    /* Once may be no fault of the files. */
    if (job->earlier >= 0 && job->failures > 1) {
        log_warning("%s: %s with the debug files that were fetched: reporting it without them",
                    job->id, why);
        refine_reject(jobs->refine, job);
        job->result = TAKE_FD(job->earlier);
        finish(jobs, job);
        return;
    }
    if (job->failures > 2) {
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

/* The report is as good as it gets. */
static void finish(struct jobs *jobs, struct job *job) {
    cleanup_close(&job->earlier);
    job->earlier = -1;
    drop_descriptors(jobs, job);
    wanted_clear(&job->wanted);
    store_result(jobs, job);
}

/* The report that there is stays until there is a better one. */
static void make_again(struct job *job) {
    job->earlier = job->result;
    job->result = -1;
    job->state = JOB_QUEUED;
}

static int on_patience_over(sd_event_source *source, uint64_t usec, void *context);

static void watch_fetches(struct jobs *jobs) {
    uint64_t now = clock_monotonic(), next = UINT64_MAX;
    for (const struct job *job = jobs->first; job; job = job->next)
        if (job->state == JOB_FETCHING && job->fetch_until < next)
            next = job->fetch_until;
    if (next != UINT64_MAX)
        daemon_timer(jobs->daemon, &jobs->patience, next > now ? (next - now) / 1000 + 1 : 1,
                     on_patience_over, jobs);
}

static void begin_fetch(struct jobs *jobs, struct job *job) {
    job->state = JOB_FETCHING;
    jobs->fetching++;
    watch_fetches(jobs);
}

static void end_fetch(struct jobs *jobs, struct job *job) {
    jobs->fetching--;
    if (refine_resume(jobs->refine, job))
        make_again(job);
    else
        finish(jobs, job);
}

static int on_patience_over(sd_event_source *source, uint64_t usec, void *context) {
    struct jobs *jobs = context;
    uint64_t now = clock_monotonic();
    struct job *next;
    for (struct job *job = jobs->first; job; job = next) {
        next = job->next;
        if (job->state == JOB_FETCHING && job->fetch_until <= now)
            end_fetch(jobs, job);
    }
    watch_fetches(jobs);
    schedule(jobs);
    return 0;
}

/* No user's crashes keep those of others from it. */
static bool may_wait(const struct jobs *jobs, const struct job *for_job) {
    size_t of_domain = 0;
    for (const struct job *job = jobs->first; job; job = job->next)
        of_domain += job->state == JOB_FETCHING && job->domain == for_job->domain;
    return jobs->fetching < FETCHING_MAX && of_domain < FETCHING_OF_DOMAIN_MAX;
}

static void on_report(struct jobs *jobs, struct job *job, const json_t *answer) {
    cleanup_close(&job->earlier);
    job->earlier = -1;
    switch (refine_next(jobs->refine, job, answer, may_wait(jobs, job))) {
    case REFINE_STORE:
        finish(jobs, job);
        break;
    case REFINE_AGAIN:
        make_again(job);
        break;
    case REFINE_WAIT:
        begin_fetch(jobs, job);
        break;
    }
}

static void on_done(void *context, struct job *job, const json_t *answer) {
    struct jobs *jobs = context;
    int64_t error = ipc_number(answer, "error");
    if (error == 0) {
        indexer_note(jobs->indexer, job, answer);
        on_report(jobs, job, answer);
    } else if (job->earlier < 0 &&
               (error == EBADMSG || error == EPROTONOSUPPORT || error == E2BIG)) {
        give_up(jobs, job,
                error == EBADMSG           ? "it is no snapshot"
                : error == EPROTONOSUPPORT ? "its hook is newer than this crashd"
                                           : "it is too large");
    } else {
        job_failed(jobs, job, strerror((int)error));
    }
}

static void on_failed(void *context, struct job *job, const char *why) {
    job_failed(context, job, why);
}

static void on_free(void *context) {
    schedule(context);
}

static int send_job(struct jobs *jobs, struct worker *worker, struct job *job) {
    struct daemon *daemon = jobs->daemon;
    int fds[2 + MODULES_MAX + WANTED_MAX];
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
    refine_request(jobs->refine, job, request);
    size_t n_wanted = wanted_fds(&job->wanted, fds + 2 + job->n_fds);
    return crew_give(worker, job, request, fds, 2 + job->n_fds + n_wanted);
}

static void schedule(struct jobs *jobs) {
    struct job *next;
    if (jobs->daemon->stopping || jobs->held)
        return;
    for (struct job *job = jobs->first; job && jobs->storing < STORING_MAX; job = next) {
        next = job->next;
        if (job->state != JOB_QUEUED)
            continue;
        struct worker *worker = crew_worker(jobs->crew, job->domain);
        if (!worker)
            continue;
        int r = send_job(jobs, worker, job);
        if (r == -ENODATA || r == -ENOENT) {
            give_up(jobs, job, "its files are damaged");
            continue;
        }
        if (r < 0) {
            job_failed(jobs, job, strerror(-r));
            continue;
        }
        job->state = JOB_WORKING;
    }
    indexer_allow(jobs->indexer, jobs->n == jobs->fetching);
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
    job->result = job->earlier = -1;
    job->scanned = !message;
    read_death(jobs, id, message, &job->death);
    bool of_system = job->death.uid < 1000 && !jobs->daemon->options.run_id;
    job->domain = of_system ? 0 : job->death.uid;
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
        job->rounds = 0;
        job->fetch_until = 0;
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

void jobs_fetched(struct jobs *jobs, const json_t *answer) {
    struct job *job = find_job(jobs, ipc_text(answer, "id"));
    refine_learn(jobs->refine, answer);
    if (!job || job->state != JOB_FETCHING)
        return;
    end_fetch(jobs, job);
    schedule(jobs);
}

void jobs_fetch_again(struct jobs *jobs) {
    for (const struct job *job = jobs->first; job; job = job->next)
        if (job->state == JOB_FETCHING)
            refine_ask(jobs->refine, job);
}

void jobs_configured(struct jobs *jobs) {
    refine_forget(jobs->refine);
}

size_t jobs_count(const struct jobs *jobs) {
    return jobs->n;
}

int jobs_new(struct daemon *daemon, struct jobs **ret) {
    static const struct crew_handlers handlers = {on_done, on_failed, on_free};
    struct jobs *jobs = calloc(1, sizeof *jobs);
    if (!jobs)
        return -ENOMEM;
    jobs->daemon = daemon;
    jobs->last = &jobs->first;
    *ret = jobs;
    int r = refine_new(daemon, &jobs->refine);
    if (r >= 0)
        r = indexer_new(daemon, &jobs->indexer);
    return r < 0 ? r : crew_new(daemon, &handlers, jobs, &jobs->crew);
}

void jobs_stop(struct jobs *jobs) {
    if (jobs->crew)
        crew_stop(jobs->crew);
    if (jobs->indexer)
        indexer_stop(jobs->indexer);
}

struct jobs *jobs_free(struct jobs *jobs) {
    if (!jobs)
        return NULL;
    while (jobs->first)
        remove_job(jobs, jobs->first);
    crew_free(jobs->crew);
    indexer_free(jobs->indexer);
    refine_free(jobs->refine);
    sd_event_source_disable_unref(jobs->hold);
    sd_event_source_disable_unref(jobs->suspicion);
    sd_event_source_disable_unref(jobs->patience);
    free(jobs);
    return NULL;
}
