/* SPDX-License-Identifier: MIT */
#include "crashd/refine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "crashd/courier.h"
#include "crashd/ipc.h"

/* Debug information names a file of its own that it shares with others, and that one was not asked
 * for before it was read. */
enum { ROUNDS_MAX = 3 };

/* The network process answers in time; this is for one that does not. */
static const uint64_t SLACK = 250000000;

struct refine {
    struct daemon *daemon;
    char *problem;          /* why no server could be asked */
    uint64_t problem_until; /* CLOCK_REALTIME */
    bool forget;
};

/* What a user has in his environment counts for the commands that he runs, never for a daemon: it
 * has only what crashctl run hands on. */
static const char *urls(const struct daemon *daemon) {
    enum config_level level;
    const char *text = config_text(daemon->config, CONFIG_DEBUGINFOD_URLS, NULL, &level);
    if (level == CONFIG_LEVEL_DEFAULT)
        text = daemon->options.debuginfod_urls;
    return text_empty(text) ? NULL : text;
}

static uint64_t quantity(const struct refine *refine, enum config_key key) {
    return config_quantity(refine->daemon->config, key, NULL);
}

/* NULL if they can be asked now. */
static const char *problem(const struct refine *refine) {
    return clock_realtime() < refine->problem_until ? refine->problem : NULL;
}

void refine_request(struct refine *refine, struct job *job, json_t *request) {
    json_t *settings = json_object_get(request, "settings");
    const char *why = problem(refine);
    job->problem_told = why != NULL;
    job->given = wanted_count(&job->wanted);
    json_object_set_new(settings, "debuginfod", json_boolean(urls(refine->daemon)));
    if (why)
        json_object_set_new(settings, "debuginfod_problem", json_string(why));
    json_object_set_new(request, "debug_files", wanted_keys(&job->wanted, true));
}

static json_t *message_to_network(struct refine *refine, const char *type) {
    json_t *message = json_pack(
        "{ss ss* sI sI sb}", "type", type, "urls", urls(refine->daemon), "max_size",
        (json_int_t)quantity(refine, CONFIG_DEBUGINFOD_MAX_SIZE), "cache_size",
        (json_int_t)quantity(refine, CONFIG_DEBUGINFOD_CACHE_SIZE), "forget", refine->forget);
    refine->forget = false;
    return message;
}

static void discard(void *context, const struct debugcache_key *key) {
    struct refine *refine = context;
    log_warning("what a debuginfod server has for build-id %s is of no use: it is not asked for "
                "that for an hour",
                key->build_id);
    BASE_CLEANUP(close)
    int cache = debugcache_open(refine->daemon->debug_cache_parent, false);
    if (cache >= 0)
        debugcache_remove(cache, key);
    json_t *message = message_to_network(refine, "useless");
    json_object_set_new(message, "file", debugcache_key_write(key));
    courier_fetch(refine->daemon->courier, message);
}

void refine_reject(struct refine *refine, struct job *job) {
    for (size_t i = 0; i < job->wanted.n; i++)
        if (job->wanted.files[i].fd >= 0)
            discard(refine, &job->wanted.files[i].key);
}

/* Whether there is more than its report was made with. */
static bool more_is_there(struct refine *refine, struct job *job) {
    BASE_CLEANUP(close)
    int cache = debugcache_open(refine->daemon->debug_cache_parent, false);
    if (cache >= 0)
        wanted_open(&job->wanted, cache);
    return wanted_count(&job->wanted) > job->given;
}

/* A worker that found them by itself, or still has them, asks nobody. */
static void note_use(struct refine *refine, const json_t *used) {
    BASE_CLEANUP(close)
    int cache =
        json_array_size(used) > 0 ? debugcache_open(refine->daemon->debug_cache_parent, false) : -1;
    for (size_t i = 0; cache >= 0 && i < json_array_size(used) && i < WANTED_MAX; i++) {
        struct debugcache_key key;
        if (debugcache_key_read(json_array_get(used, i), &key))
            debugcache_touch(cache, &key);
    }
}

enum refine_step refine_next(struct refine *refine, struct job *job, const json_t *answer,
                             bool may_wait) {
    size_t known = job->wanted.n;
    if (!urls(refine->daemon))
        return REFINE_STORE;
    note_use(refine, json_object_get(answer, "used"));
    wanted_add(&job->wanted, json_object_get(answer, "missing"), discard, refine);
    /* What was asked for in vain is not asked for again. */
    if (job->wanted.n == known || job->rounds == ROUNDS_MAX)
        return REFINE_STORE;
    job->rounds++;
    bool found = more_is_there(refine, job);
    uint64_t now = clock_monotonic(), limit = quantity(refine, CONFIG_DEBUGINFOD_TIMEOUT);
    if (job->fetch_until == 0)
        job->fetch_until = now + limit + (limit ? SLACK : 0);
    if (may_wait && wanted_count(&job->wanted) < job->wanted.n && !problem(refine) &&
        now < job->fetch_until) {
        refine_ask(refine, job);
        return REFINE_WAIT;
    }
    return found ? REFINE_AGAIN : REFINE_STORE;
}

void refine_ask(struct refine *refine, const struct job *job) {
    uint64_t now = clock_monotonic() + SLACK,
             left = job->fetch_until > now ? (job->fetch_until - now) / 1000000 : 0;
    json_t *message = message_to_network(refine, "fetch");
    json_object_set_new(message, "id", json_string(job->id));
    json_object_set_new(message, "files", wanted_keys(&job->wanted, false));
    json_object_set_new(message, "milliseconds", json_integer((json_int_t)left));
    courier_fetch(refine->daemon->courier, message);
}

void refine_learn(struct refine *refine, const json_t *answer) {
    const char *text = ipc_text(answer, "problem");
    free(refine->problem);
    refine->problem = *text ? strdup(text) : NULL;
    refine->problem_until = (uint64_t)ipc_number(answer, "until");
}

bool refine_resume(struct refine *refine, struct job *job) {
    bool more = more_is_there(refine, job);
    if (more)
        log_info("%s: its report is made again with %zu files of debuginfod servers", job->id,
                 wanted_count(&job->wanted));
    return more || (problem(refine) && !job->problem_told);
}

void refine_forget(struct refine *refine) {
    free(refine->problem);
    refine->problem = NULL;
    refine->problem_until = 0;
    refine->forget = true;
}

int refine_new(struct daemon *daemon, struct refine **ret) {
    struct refine *refine = calloc(1, sizeof *refine);
    if (!refine)
        return -ENOMEM;
    refine->daemon = daemon;
    *ret = refine;
    return 0;
}

struct refine *refine_free(struct refine *refine) {
    if (refine)
        free(refine->problem);
    free(refine);
    return NULL;
}
