/* SPDX-License-Identifier: MIT */
#include "crashd/debuginfod.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "crashd/ipc.h"
#include "crashd/spool.h"
#include "crashd/symbolserver.h"
#include "crashd/wanted.h"

enum { DOWNLOADS_MAX = 6, PROBLEM_MAX = 512 };

static const uint64_t MILLISECOND = 1000000;
/* Of what is left of a report's time each server that is still to be asked gets an equal share
 * to begin its answer in, but not less than this. */
static const uint64_t SHARE_MIN = 100 * UINT64_C(1000000);

/* A report that waits. */
struct asker {
    struct asker *next;
    char id[SPOOL_ID_SIZE];
    uint64_t deadline;
    struct debugcache_key keys[WANTED_MAX];
    size_t n;
};

/* A file that somebody waits for. */
struct errand {
    struct errand *next;
    struct debugcache_key key;
    size_t server; /* which one is asked, or is to be next */
    struct download *download;
    uint64_t answer_until; /* when its body must have begun to come */
    bool cramped;          /* no more may be taken than there is room for */
    bool failed;           /* a server could not be asked: that it is nowhere is not known */
};

struct debuginfod {
    int parent, cache;
    CURLM *multi;
    const struct transfer_settings *settings;
    struct symbolservers servers;
    struct asker *askers;
    struct errand *errands;
    unsigned downloads;
    uint64_t max_size, cache_size;
};

int debuginfod_new(int parent, CURLM *multi, const struct transfer_settings *settings,
                   struct debuginfod **ret) {
    struct debuginfod *debuginfod = calloc(1, sizeof *debuginfod);
    if (!debuginfod)
        return -ENOMEM;
    *debuginfod = (struct debuginfod){
        .parent = parent, .cache = -1, .multi = multi, .settings = settings, .servers.cache = -1};
    *ret = debuginfod;
    return 0;
}

static struct errand *find_errand(const struct debuginfod *debuginfod,
                                  const struct debugcache_key *key) {
    struct errand *errand = debuginfod->errands;
    while (errand && !debugcache_same(&errand->key, key))
        errand = errand->next;
    return errand;
}

static void end_download(struct debuginfod *debuginfod, struct errand *errand) {
    if (!errand->download)
        return;
    errand->download = download_free(debuginfod->multi, errand->download);
    debuginfod->downloads--;
}

static void remove_errand(struct debuginfod *debuginfod, struct errand *errand) {
    struct errand **p = &debuginfod->errands;
    while (*p != errand)
        p = &(*p)->next;
    *p = errand->next;
    end_download(debuginfod, errand);
    free(errand);
}

/* The latest time that somebody waits for it until; 0: nobody does. */
static uint64_t deadline_of(const struct debuginfod *debuginfod, const struct errand *errand) {
    uint64_t deadline = 0;
    for (const struct asker *asker = debuginfod->askers; asker; asker = asker->next)
        for (size_t i = 0; i < asker->n; i++)
            if (asker->deadline > deadline && debugcache_same(&asker->keys[i], &errand->key))
                deadline = asker->deadline;
    return deadline;
}

static int prepare(struct debuginfod *debuginfod, const json_t *message) {
    const char *urls = ipc_text(message, "urls");
    if (debuginfod->cache < 0) {
        int cache = debugcache_open(debuginfod->parent, true);
        if (cache < 0)
            return cache;
        debugcache_tidy(cache);
        debuginfod->cache = debuginfod->servers.cache = cache;
    }
    if (!debuginfod->servers.urls || strcmp(debuginfod->servers.urls, urls) != 0) {
        int r = symbolservers_set(&debuginfod->servers, urls);
        if (r < 0)
            return r;
        symbolservers_load(&debuginfod->servers);
    }
    if (ipc_flag(message, "forget"))
        symbolservers_forget(&debuginfod->servers);
    debuginfod->max_size = (uint64_t)ipc_number(message, "max_size");
    debuginfod->cache_size = (uint64_t)ipc_number(message, "cache_size");
    return 0;
}

static void add_errand(struct debuginfod *debuginfod, const struct debugcache_key *key) {
    if (find_errand(debuginfod, key) || debugcache_has(debuginfod->cache, key) ||
        symbolservers_lack(&debuginfod->servers, key, clock_realtime()))
        return;
    struct errand *errand = calloc(1, sizeof *errand), **last = &debuginfod->errands;
    if (!errand)
        return;
    errand->key = *key;
    /* In the order in which they are wanted: what matters most was named first. */
    while (*last)
        last = &(*last)->next;
    *last = errand;
}

static void fetch(struct debuginfod *debuginfod, const json_t *message) {
    const char *id = ipc_text(message, "id");
    const json_t *files = json_object_get(message, "files");
    struct asker *asker = strlen(id) == SPOOL_ID_SIZE - 1 ? calloc(1, sizeof *asker) : NULL;
    if (!asker)
        return;
    memcpy(asker->id, id, sizeof asker->id);
    asker->deadline =
        clock_monotonic() + (uint64_t)ipc_number(message, "milliseconds") * MILLISECOND;
    asker->next = debuginfod->askers;
    debuginfod->askers = asker;
    int r = prepare(debuginfod, message);
    if (r < 0) {
        log_error("debug files cannot be fetched: %s", strerror(-r));
        return;
    }
    for (size_t i = 0; i < json_array_size(files) && asker->n < WANTED_MAX; i++)
        if (debugcache_key_read(json_array_get(files, i), &asker->keys[asker->n]))
            add_errand(debuginfod, &asker->keys[asker->n++]);
}

void debuginfod_ask(struct debuginfod *debuginfod, const json_t *message) {
    struct debugcache_key key;
    if (strcmp(ipc_text(message, "type"), "fetch") == 0)
        fetch(debuginfod, message);
    else if (debugcache_key_read(json_object_get(message, "file"), &key) &&
             prepare(debuginfod, message) == 0)
        symbolservers_absent(&debuginfod->servers, &key, clock_realtime());
}

static void next_server(struct debuginfod *debuginfod, struct errand *errand) {
    end_download(debuginfod, errand);
    errand->server++;
}

static void server_failed(struct debuginfod *debuginfod, struct errand *errand, const char *why) {
    symbolserver_failed(&debuginfod->servers, &debuginfod->servers.list[errand->server], why,
                        clock_realtime());
    errand->failed = true;
    next_server(debuginfod, errand);
}

/* No server is asked for what is of no use to us. */
static void give_up(struct debuginfod *debuginfod, struct errand *errand, const char *why) {
    log_notice("%s: what it has for build-id %s is not taken: %s",
               debuginfod->servers.list[errand->server].display, errand->key.build_id, why);
    symbolservers_absent(&debuginfod->servers, &errand->key, clock_realtime());
    remove_errand(debuginfod, errand);
}

void debuginfod_finished(struct debuginfod *debuginfod, struct download *download, CURLcode code) {
    struct errand *errand = download->context;
    struct symbolserver *server = &debuginfod->servers.list[errand->server];
    char problem[PROBLEM_MAX] = "";
    uint64_t now = clock_realtime();
    switch (download_finish(download, code, &errand->key, problem, sizeof problem)) {
    case DOWNLOAD_DONE:
        symbolserver_answered(&debuginfod->servers, server, now);
        server->fetched++;
        debuginfod->servers.changed = true;
        remove_errand(debuginfod, errand);
        debugcache_shrink(debuginfod->cache, debuginfod->cache_size);
        break;
    case DOWNLOAD_ABSENT:
        symbolserver_answered(&debuginfod->servers, server, now);
        next_server(debuginfod, errand);
        break;
    case DOWNLOAD_LARGE:
        symbolserver_answered(&debuginfod->servers, server, now);
        give_up(debuginfod, errand, errand->cramped ? "there is no room for it" : problem);
        break;
    case DOWNLOAD_FAILED:
        server_failed(debuginfod, errand, problem);
        break;
    case DOWNLOAD_LOCAL:
        log_error("debug files cannot be kept: %s", problem);
        remove_errand(debuginfod, errand);
        break;
    }
}

/* Crashes have to find room, too: half of what is free is theirs, and what is being downloaded
 * may become as long as it is allowed to. */
static uint64_t room(const struct debuginfod *debuginfod) {
    struct statvfs file_system;
    if (fstatvfs(debuginfod->cache, &file_system) < 0)
        return 0;
    uint64_t left = (uint64_t)file_system.f_bavail * file_system.f_frsize / 2;
    for (const struct errand *errand = debuginfod->errands; errand; errand = errand->next) {
        uint64_t reserved = errand->download ? errand->download->limit - errand->download->size : 0;
        left -= reserved < left ? reserved : left;
    }
    return left;
}

static int start_download(struct debuginfod *debuginfod, struct errand *errand, uint64_t deadline) {
    const struct symbolservers *servers = &debuginfod->servers;
    const char *base = servers->list[errand->server].url;
    uint64_t now = clock_monotonic(), left = deadline > now ? deadline - now : 0,
             share = left / (servers->n - errand->server);
    size_t length = strlen(base);
    BASE_CLEANUP(free)
    char *url = NULL;
    while (length > 0 && base[length - 1] == '/')
        length--;
    if (asprintf(&url, "%.*s/buildid/%s/%s", (int)length, base, errand->key.build_id,
                 errand->key.executable ? "executable" : "debuginfo") < 0) {
        url = NULL;
        return -ENOMEM;
    }
    uint64_t limit = debuginfod->max_size < debuginfod->cache_size ? debuginfod->max_size
                                                                   : debuginfod->cache_size,
             free_room = room(debuginfod);
    errand->cramped = free_room < limit;
    if (errand->cramped)
        limit = free_room;
    errand->answer_until = now + (share > SHARE_MIN ? share : SHARE_MIN);
    return download_start(debuginfod->multi, debuginfod->settings, debuginfod->cache, url, limit,
                          errand, &errand->download);
}

/* Asks the next server that may be asked; without one the errand is at its end, and gone. */
static void go_on(struct debuginfod *debuginfod, struct errand *errand, uint64_t deadline) {
    struct symbolservers *servers = &debuginfod->servers;
    uint64_t now = clock_realtime();
    int r = 0;
    while (errand->server < servers->n && servers->list[errand->server].next_try > now) {
        errand->failed = true;
        errand->server++;
    }
    if (errand->server < servers->n) {
        r = start_download(debuginfod, errand, deadline);
        if (r == 0) {
            debuginfod->downloads++;
            return;
        }
        log_error("debug files cannot be fetched: %s", strerror(-r));
    } else if (!errand->failed) {
        symbolservers_absent(servers, &errand->key, now);
    }
    remove_errand(debuginfod, errand);
}

static void work_on(struct debuginfod *debuginfod, struct errand *errand, uint64_t now) {
    uint64_t deadline = deadline_of(debuginfod, errand);
    bool flows = errand->download && download_flows(errand->download);
    if (flows && deadline <= now) {
        give_up(debuginfod, errand, "it does not come within debuginfod-timeout");
        return;
    }
    if (errand->download && !flows && errand->answer_until <= now)
        server_failed(debuginfod, errand, "no answer within debuginfod-timeout");
    if (deadline <= now)
        remove_errand(debuginfod, errand);
    else if (!errand->download && debuginfod->downloads < DOWNLOADS_MAX)
        go_on(debuginfod, errand, deadline);
}

static bool waits(const struct debuginfod *debuginfod, const struct asker *asker) {
    for (size_t i = 0; i < asker->n; i++)
        if (find_errand(debuginfod, &asker->keys[i]))
            return true;
    return false;
}

static int answer(const struct debuginfod *debuginfod, const struct asker *asker) {
    uint64_t now = clock_realtime();
    BASE_CLEANUP(free)
    char *problem = symbolservers_problem(&debuginfod->servers, now);
    return ipc_send_new(IPC_CHILD_FD,
                        json_pack("{ss ss ss* sI}", "type", "fetched", "id", asker->id, "problem",
                                  problem, "until",
                                  (json_int_t)symbolservers_due(&debuginfod->servers, now)));
}

static int answer_askers(struct debuginfod *debuginfod, uint64_t now) {
    struct asker **p = &debuginfod->askers;
    int r = 0;
    while (*p && r == 0) {
        struct asker *asker = *p;
        if (asker->deadline > now && waits(debuginfod, asker)) {
            p = &asker->next;
            continue;
        }
        r = answer(debuginfod, asker);
        *p = asker->next;
        free(asker);
    }
    return r;
}

int debuginfod_step(struct debuginfod *debuginfod, uint64_t *next) {
    uint64_t now = clock_monotonic();
    struct errand *following;
    for (struct errand *errand = debuginfod->errands; errand; errand = following) {
        following = errand->next;
        work_on(debuginfod, errand, now);
    }
    /* What was learnt survives whatever happens once somebody has heard of it. */
    symbolservers_save(&debuginfod->servers);
    int r = answer_askers(debuginfod, now);
    *next = UINT64_MAX;
    for (const struct asker *asker = debuginfod->askers; asker; asker = asker->next)
        *next = asker->deadline < *next ? asker->deadline : *next;
    for (const struct errand *errand = debuginfod->errands; errand; errand = errand->next)
        if (errand->download && !download_flows(errand->download) && errand->answer_until < *next)
            *next = errand->answer_until;
    return r;
}
