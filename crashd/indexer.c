/* SPDX-License-Identifier: MIT */
#include "crashd/indexer.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"
#include "crashd/child.h"
#include "crashd/crew.h"
#include "crashd/indexstore.h"

enum { SEEN_MAX = 256, PENDING_MAX = 8, FDS_MAX = 3 + WANTED_MAX };

/* Its processor time is bounded by the sandbox; this is for one that waits. */
static const uint64_t BUILD_TIME = 1800; /* seconds */

struct seen {
    uint32_t domain;
    char build_id[INDEXSTORE_ID_MAX + 1];
    char last[SPOOL_ID_SIZE]; /* crash that counted last */
    uint64_t count;
    bool done; /* or not to be had */
    uint64_t turn;
};

struct pending {
    uint32_t domain;
    char build_id[INDEXSTORE_ID_MAX + 1];
    json_t *request;
    int fds[FDS_MAX]; /* behind the two of the file that is made */
    size_t n_fds;
};

/* The process that makes one. */
struct build {
    pid_t pid; /* 0: none */
    bool stopped, overdue;
    int64_t error; /* of its answer, -1 before it came */
    int directory, file;
    char temporary[INDEXSTORE_TEMPORARY_MAX];
    struct pending pending;
    struct link link;
    sd_event_source *child, *deadline;
};

struct indexer {
    struct daemon *daemon;
    struct seen seen[SEEN_MAX];
    size_t n_seen;
    uint64_t turn;
    struct pending pending[PENDING_MAX];
    size_t n_pending;
    bool idle, full_told;
    struct build build;
};

static void pending_clear(struct pending *pending) {
    json_decref(pending->request);
    for (size_t i = 0; i < pending->n_fds; i++)
        close(pending->fds[i]);
    *pending = (struct pending){0};
}

static uint64_t quantity(const struct indexer *indexer, enum config_key key) {
    return config_quantity(indexer->daemon->config, key, NULL);
}

int indexer_directory(const struct daemon *daemon, uint32_t domain) {
    if (config_quantity(daemon->config, CONFIG_INDEX_AFTER, NULL) == 0)
        return -1;
    int directory = indexstore_open(daemon->debug_cache_parent, domain);
    return directory < 0 ? -1 : directory;
}

static struct seen *seen_of(struct indexer *indexer, uint32_t domain, const char *build_id) {
    struct seen *oldest = &indexer->seen[0];
    for (size_t i = 0; i < indexer->n_seen; i++) {
        struct seen *seen = &indexer->seen[i];
        if (seen->domain == domain && strcmp(seen->build_id, build_id) == 0)
            return seen;
        if (seen->turn < oldest->turn)
            oldest = seen;
    }
    struct seen *seen = indexer->n_seen < SEEN_MAX ? &indexer->seen[indexer->n_seen++] : oldest;
    *seen = (struct seen){.domain = domain};
    snprintf(seen->build_id, sizeof seen->build_id, "%s", build_id);
    return seen;
}

static void add_fd(struct pending *pending, int fd) {
    int copy = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 3);
    if (copy >= 0)
        pending->fds[pending->n_fds++] = copy;
}

/* What its report was made from: the module's own descriptor, and debug files that were fetched. */
static void add_files(struct pending *pending, const struct job *job, const char *path) {
    json_t *paths = json_array();
    for (size_t i = 0; i < job->n_fds && i < json_array_size(job->paths); i++) {
        const char *known = json_string_value(json_array_get(job->paths, i));
        if (known && strcmp(known, path) == 0 && pending->n_fds == 0) {
            add_fd(pending, job->fds[i]);
            if (pending->n_fds > 0)
                json_array_append_new(paths, json_string(path));
        }
    }
    int fetched[WANTED_MAX];
    json_t *keys = wanted_keys(&job->wanted, true);
    size_t n = wanted_fds(&job->wanted, fetched), before = pending->n_fds;
    for (size_t i = 0; i < n; i++)
        add_fd(pending, fetched[i]);
    if (pending->n_fds - before != n)
        json_array_clear(keys);
    json_object_set_new(pending->request, "modules", paths);
    json_object_set_new(pending->request, "debug_files", keys);
}

static void start(struct indexer *indexer);

static void add_pending(struct indexer *indexer, const struct job *job, struct seen *seen,
                        const char *path) {
    if (indexer->n_pending == PENDING_MAX)
        return;
    struct pending *pending = &indexer->pending[indexer->n_pending];
    *pending = (struct pending){.domain = job->domain};
    pending->request =
        json_pack("{ss ss ss sI}", "type", "index", "build_id", seen->build_id, "path", path,
                  "max_size", (json_int_t)quantity(indexer, CONFIG_INDEX_MAX_SIZE));
    if (!pending->request)
        return;
    memcpy(pending->build_id, seen->build_id, sizeof pending->build_id);
    add_files(pending, job, path);
    seen->done = true;
    indexer->n_pending++;
}

void indexer_note(struct indexer *indexer, const struct job *job, const json_t *answer) {
    uint64_t after = quantity(indexer, CONFIG_INDEX_AFTER);
    const json_t *modules = json_object_get(answer, "modules");
    const char *damaged = ipc_text(answer, "index_damaged");
    if (after == 0)
        return;
    BASE_CLEANUP(close)
    int directory = indexer_directory(indexer->daemon, job->domain);
    if (directory < 0)
        return;
    if (indexstore_id_valid(damaged)) {
        log_warning("the index of build-id %s is damaged, or of another version: deleted", damaged);
        indexstore_remove(directory, damaged);
        struct seen *seen = seen_of(indexer, job->domain, damaged);
        seen->done = false;
    }
    for (size_t i = 0; i < json_array_size(modules) && i < MODULES_MAX; i++) {
        const json_t *module = json_array_get(modules, i);
        const char *build_id = ipc_text(module, "build_id"), *path = ipc_text(module, "path");
        if (!indexstore_id_valid(build_id))
            continue;
        if (ipc_flag(module, "indexed")) {
            indexstore_touch(directory, build_id);
            continue;
        }
        struct seen *seen = seen_of(indexer, job->domain, build_id);
        seen->turn = ++indexer->turn;
        if (strcmp(seen->last, job->id) != 0)
            seen->count++;
        memcpy(seen->last, job->id, sizeof seen->last);
        if (seen->count >= after && !seen->done)
            add_pending(indexer, job, seen, path);
    }
}

static void close_build(struct build *build) {
    link_close(&build->link);
    sd_event_source_disable_unref(build->child);
    sd_event_source_disable_unref(build->deadline);
    cleanup_close(&build->directory);
    cleanup_close(&build->file);
    pending_clear(&build->pending);
    *build = (struct build){.directory = -1, .file = -1};
}

static const char *explain(int r) {
    switch (r) {
    case -ECHILD:
        return "it takes too much time or memory, or its debug information is broken";
    case -ENODATA:
    case -ENOENT:
        return "debug information is missing";
    case -EFBIG:
    case -E2BIG:
        return "its debug information is too large";
    default:
        return strerror(-r);
    }
}

static void tell(struct indexer *indexer, int r) {
    const struct pending *pending = &indexer->build.pending;
    const char *path = ipc_text(pending->request, "path");
    bool full = r == -ENOSPC || r == -EDQUOT;
    if (r == 0)
        log_info("index of %s (build-id %s) made", path, pending->build_id);
    else if (!full)
        log_notice("no index of %s (build-id %s): %s", path, pending->build_id, explain(r));
    else if (!indexer->full_told)
        log_warning("no index of %s: the disk is full", path);
    indexer->full_told = full;
}

/* Whether its work is whole is known when it is gone: nobody has the file open for writing then. */
static int on_ended(sd_event_source *source, const siginfo_t *info, void *context) {
    struct indexer *indexer = context;
    struct build *build = &indexer->build;
    while (build->error < 0 && link_pending(&build->link)) {
        BASE_CLEANUP(ipc)
        struct ipc_message message;
        if (ipc_receive(build->link.fd, &message) <= 0)
            break;
        if (ipc_is(&message, "done"))
            build->error = ipc_number(message.body, "error");
    }
    int r = build->overdue                                                ? -ETIMEDOUT
            : info->si_code != CLD_EXITED || info->si_status != 0         ? -ECHILD
            : build->error < 0 || build->error > 4095 /* errno's limit */ ? -EPROTO
                                                                          : -(int)build->error;
    if (r == 0) {
        r = indexstore_install(build->directory, build->temporary, build->pending.build_id);
        indexstore_shrink(indexer->daemon->debug_cache_parent,
                          quantity(indexer, CONFIG_INDEX_MAX_SIZE));
    } else {
        indexstore_abandon(build->directory, build->temporary);
    }
    tell(indexer, r);
    close_build(build);
    start(indexer);
    return 0;
}

static void on_message(void *context, struct ipc_message *message) {
    struct indexer *indexer = context;
    if (ipc_is(message, "done"))
        indexer->build.error = ipc_number(message->body, "error");
    /* It ends when its conversation does. */
    link_close(&indexer->build.link);
}

static void on_closed(void *context) {
    struct indexer *indexer = context;
    link_close(&indexer->build.link);
}

static int on_overdue(sd_event_source *source, uint64_t usec, void *context) {
    struct indexer *indexer = context;
    indexer->build.overdue = true;
    kill(indexer->build.pid, SIGKILL);
    return 0;
}

static int spawn(struct indexer *indexer) {
    struct daemon *daemon = indexer->daemon;
    struct build *build = &indexer->build;
    char user[32], size[24];
    int pair[2];
    int r = ipc_pair(pair);
    if (r < 0)
        return r;
    snprintf(size, sizeof size, "%" PRIu64, quantity(indexer, CONFIG_INDEX_MAX_SIZE));
    const char *arguments[] = {"crashd-worker",
                               "--debug-directories",
                               config_text(daemon->config, CONFIG_DEBUG_DIRECTORIES, NULL, NULL),
                               "--debug-cache",
                               daemon->debug_cache_path,
                               "--index-size",
                               size,
                               crew_user(daemon, build->pending.domain, user) ? "--user" : NULL,
                               user,
                               NULL};
    pid_t pid = child_spawn("worker", arguments, &pair[1], 1);
    close(pair[1]);
    if (pid < 0) {
        close(pair[0]);
        return pid;
    }
    build->pid = pid;
    r = sd_event_add_child(daemon->event, &build->child, pid, WEXITED, on_ended, indexer);
    if (r < 0) {
        kill(pid, SIGKILL);
        close(pair[0]);
        return r;
    }
    return link_open(&build->link, daemon->event, pair[0], on_message, on_closed, indexer);
}

static int begin(struct indexer *indexer, struct pending *pending) {
    struct build *build = &indexer->build;
    *build = (struct build){.error = -1, .directory = -1, .file = -1, .pending = *pending};
    *pending = (struct pending){0};
    build->directory = indexstore_open(indexer->daemon->debug_cache_parent, build->pending.domain);
    if (build->directory < 0)
        return build->directory;
    build->file = indexstore_begin(build->directory, build->temporary);
    if (build->file < 0)
        return build->file;
    int r = spawn(indexer);
    int fds[2 + FDS_MAX] = {build->file, build->file};
    memcpy(fds + 2, build->pending.fds, build->pending.n_fds * sizeof *fds);
    if (r >= 0)
        r = link_send(&build->link, build->pending.request, fds, 2 + build->pending.n_fds);
    return r < 0 ? r
                 : daemon_timer(indexer->daemon, &build->deadline, BUILD_TIME * DAEMON_SECOND,
                                on_overdue, indexer);
}

static void start(struct indexer *indexer) {
    while (indexer->idle && !indexer->daemon->stopping && indexer->build.pid == 0 &&
           indexer->n_pending > 0) {
        int r = begin(indexer, &indexer->pending[0]);
        indexer->n_pending--;
        memmove(&indexer->pending[0], &indexer->pending[1],
                indexer->n_pending * sizeof *indexer->pending);
        if (r >= 0)
            return;
        if (indexer->build.pid > 0) {
            /* on_ended says it. */
            kill(indexer->build.pid, SIGKILL);
            return;
        }
        if (indexer->build.file >= 0)
            indexstore_abandon(indexer->build.directory, indexer->build.temporary);
        tell(indexer, r);
        close_build(&indexer->build);
    }
}

void indexer_allow(struct indexer *indexer, bool idle) {
    struct build *build = &indexer->build;
    indexer->idle = idle;
    if (build->pid > 0 && build->stopped == idle) {
        kill(build->pid, idle ? SIGCONT : SIGSTOP);
        build->stopped = !idle;
    }
    start(indexer);
}

int indexer_new(struct daemon *daemon, struct indexer **ret) {
    struct indexer *indexer = calloc(1, sizeof *indexer);
    if (!indexer)
        return -ENOMEM;
    indexer->daemon = daemon;
    indexer->build.directory = indexer->build.file = -1;
    *ret = indexer;
    indexstore_shrink(daemon->debug_cache_parent, quantity(indexer, CONFIG_INDEX_MAX_SIZE));
    return 0;
}

void indexer_stop(struct indexer *indexer) {
    if (indexer->build.pid > 0)
        kill(indexer->build.pid, SIGKILL);
}

struct indexer *indexer_free(struct indexer *indexer) {
    if (!indexer)
        return NULL;
    if (indexer->build.pid > 0)
        indexstore_abandon(indexer->build.directory, indexer->build.temporary);
    close_build(&indexer->build);
    for (size_t i = 0; i < indexer->n_pending; i++)
        pending_clear(&indexer->pending[i]);
    free(indexer);
    return NULL;
}
