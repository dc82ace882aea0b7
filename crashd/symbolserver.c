/* SPDX-License-Identifier: MIT */
#include "crashd/symbolserver.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "control/debuginfod.h"
#include "crashd/ipc.h"
#include "crashd/spool.h"

enum { ABSENT_MAX = 1024 };

static const uint64_t MINUTE = 60 * UINT64_C(1000000000), HOUR = 3600 * UINT64_C(1000000000);

static char *without_password(const char *url) {
    const char *host = strstr(url, "://");
    char *shown;
    if (!host)
        return strdup(url);
    host += 3;
    size_t length = strcspn(host, "/?#");
    const char *at = memrchr(host, '@', length);
    int n = asprintf(&shown, "%.*s%s", (int)(host - url), url, at ? at + 1 : host);
    return n < 0 ? NULL : shown;
}

static void clear_server(struct symbolserver *server) {
    free(server->url);
    free(server->display);
    free(server->error);
    *server = (struct symbolserver){0};
}

static struct symbolserver *find(struct symbolservers *servers, const char *display) {
    for (size_t i = 0; i < servers->n; i++)
        if (servers->list[i].display && strcmp(servers->list[i].display, display) == 0)
            return &servers->list[i];
    return NULL;
}

static int add(struct symbolservers *servers, const char *url, struct symbolservers *old) {
    if (servers->n == SYMBOLSERVERS_MAX)
        return 0;
    struct symbolserver server = {.url = strdup(url), .display = without_password(url)};
    if (!server.url || !server.display) {
        clear_server(&server);
        return -ENOMEM;
    }
    const struct symbolserver *known = find(old, server.display);
    if (known) {
        server.failures = known->failures;
        server.next_try = known->next_try;
        server.fetched = known->fetched;
        server.error = known->error ? strdup(known->error) : NULL;
    }
    servers->list[servers->n++] = server;
    return 0;
}

int symbolservers_set(struct symbolservers *servers, const char *urls) {
    if (servers->urls && strcmp(servers->urls, urls) == 0)
        return 0;
    struct symbolservers old = *servers;
    BASE_CLEANUP(free)
    char *copy = strdup(urls);
    char *rest = copy, *word;
    *servers = (struct symbolservers){.cache = old.cache, .urls = strdup(urls), .changed = true};
    servers->absent = json_object();
    int r = copy && servers->urls && servers->absent ? 0 : -ENOMEM;
    while (r == 0 && (word = strsep(&rest, " \t")))
        if (*word)
            r = add(servers, word, &old);
    symbolservers_clear(&old);
    return r;
}

void symbolservers_clear(struct symbolservers *servers) {
    for (size_t i = 0; i < servers->n; i++)
        clear_server(&servers->list[i]);
    free(servers->urls);
    json_decref(servers->absent);
    *servers = (struct symbolservers){.cache = servers->cache};
}

void symbolservers_forget(struct symbolservers *servers) {
    for (size_t i = 0; i < servers->n; i++) {
        servers->list[i].failures = 0;
        servers->list[i].next_try = 0;
    }
    json_object_clear(servers->absent);
    servers->changed = true;
}

/* A clock that was set must not silence us for longer than ever. */
static uint64_t time_of(const json_t *value, uint64_t now) {
    uint64_t time = (uint64_t)json_integer_value(value);
    return time > now + HOUR ? 0 : time;
}

void symbolservers_load(struct symbolservers *servers) {
    BASE_CLEANUP(json)
    json_t *saved =
        servers->cache < 0 ? NULL : spool_read_json(servers->cache, DEBUGINFOD_STATE_FILE);
    const json_t *list = json_object_get(saved, "servers"), *until;
    uint64_t now = clock_realtime();
    const char *key;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *entry = json_array_get(list, i);
        struct symbolserver *server = find(servers, ipc_text(entry, "debuginfod"));
        const char *error = ipc_text(entry, "last_error");
        if (!server)
            continue;
        server->failures = (unsigned)ipc_number(entry, "failures");
        server->next_try = time_of(json_object_get(entry, "due"), now);
        server->fetched = ipc_number(entry, "fetched");
        free(server->error);
        server->error = *error ? strdup(error) : NULL;
    }
    if (strcmp(ipc_text(saved, "urls"), servers->urls) != 0)
        return;
    json_object_foreach (json_object_get(saved, "absent"), key, until)
        if (time_of(until, now) > now && json_object_size(servers->absent) < ABSENT_MAX)
            json_object_set(servers->absent, key, (json_t *)until);
}

void symbolservers_save(struct symbolservers *servers) {
    if (!servers->changed || servers->cache < 0)
        return;
    servers->changed = false;
    BASE_CLEANUP(json)
    json_t *list = json_array();
    for (size_t i = 0; list && i < servers->n; i++) {
        const struct symbolserver *server = &servers->list[i];
        char next[CLOCK_RFC3339_SIZE];
        clock_rfc3339(server->next_try, next);
        json_array_append_new(
            list, json_pack("{ss sI ss? ss? sI sI}", "debuginfod", server->display, "fetched",
                            (json_int_t)server->fetched, "last_error", server->error, "next_try",
                            server->next_try ? next : NULL, "failures",
                            (json_int_t)server->failures, "due", (json_int_t)server->next_try));
    }
    BASE_CLEANUP(json)
    json_t *state =
        json_pack("{ss sO sO}", "urls", servers->urls, "servers", list, "absent", servers->absent);
    int r = state ? spool_write_json(servers->cache, DEBUGINFOD_STATE_FILE, state) : -ENOMEM;
    if (r < 0)
        log_warning(DEBUGINFOD_DIRECTORY "/" DEBUGINFOD_STATE_FILE ": %s", strerror(-r));
}

void symbolserver_failed(struct symbolservers *servers, struct symbolserver *server,
                         const char *error, uint64_t now) {
    /* What was under way at the same time failed of the same. */
    if (server->next_try > now)
        return;
    unsigned doublings = server->failures < 6 ? server->failures : 6;
    uint64_t delay = MINUTE << doublings;
    server->failures++;
    server->next_try = now + (delay < HOUR ? delay : HOUR);
    free(server->error);
    server->error = text_clean(error, 300);
    servers->changed = true;
    log_warning("%s: %s: it is not asked for debug information for %u min", server->display,
                server->error ? server->error : error,
                (unsigned)((server->next_try - now) / MINUTE));
}

void symbolserver_answered(struct symbolservers *servers, struct symbolserver *server,
                           uint64_t now) {
    /* Asked before it failed to answer something else. */
    if (server->next_try > now)
        return;
    servers->changed |= server->failures || server->error;
    server->failures = 0;
    server->next_try = 0;
    free(server->error);
    server->error = NULL;
}

static void key_text(const struct debugcache_key *key, char text[DEBUGCACHE_PATH_MAX]) {
    snprintf(text, DEBUGCACHE_PATH_MAX, "%s/%s", key->build_id,
             key->executable ? "executable" : "debuginfo");
}

static void make_room(struct symbolservers *servers, uint64_t now) {
    const char *key, *oldest = NULL;
    json_int_t first = INT64_MAX;
    json_t *until;
    void *next;
    json_object_foreach_safe(servers->absent, next, key, until) {
        if (json_integer_value(until) <= (json_int_t)now)
            json_object_del(servers->absent, key);
    }
    if (json_object_size(servers->absent) < ABSENT_MAX)
        return;
    json_object_foreach (servers->absent, key, until)
        if (json_integer_value(until) < first) {
            first = json_integer_value(until);
            oldest = key;
        }
    if (oldest)
        json_object_del(servers->absent, oldest);
}

void symbolservers_absent(struct symbolservers *servers, const struct debugcache_key *key,
                          uint64_t now) {
    char text[DEBUGCACHE_PATH_MAX];
    key_text(key, text);
    if (json_object_size(servers->absent) >= ABSENT_MAX)
        make_room(servers, now);
    uint64_t until = now + HOUR;
    json_object_set_new(servers->absent, text, json_integer((json_int_t)until));
    servers->changed = true;
}

bool symbolservers_lack(const struct symbolservers *servers, const struct debugcache_key *key,
                        uint64_t now) {
    char text[DEBUGCACHE_PATH_MAX];
    key_text(key, text);
    return json_integer_value(json_object_get(servers->absent, text)) > (json_int_t)now;
}

char *symbolservers_problem(const struct symbolservers *servers, uint64_t now) {
    char *problem;
    for (size_t i = 0; i < servers->n; i++) {
        const struct symbolserver *server = &servers->list[i];
        if (server->next_try > now && server->error)
            return asprintf(&problem, "%s: %s", server->display, server->error) < 0 ? NULL
                                                                                    : problem;
    }
    return NULL;
}

uint64_t symbolservers_due(const struct symbolservers *servers, uint64_t now) {
    uint64_t due = UINT64_MAX;
    for (size_t i = 0; i < servers->n; i++) {
        if (servers->list[i].next_try <= now)
            return 0;
        if (servers->list[i].next_try < due)
            due = servers->list[i].next_try;
    }
    return due == UINT64_MAX ? 0 : due;
}
