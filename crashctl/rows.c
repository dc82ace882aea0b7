/* SPDX-License-Identifier: MIT */
#include "crashctl/rows.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "control/client.h"
#include "control/debuginfod.h"
#include "control/statepath.h"

BASE_DEFINE_CLEANUP(query_close, struct query *, query_close);

enum kind { CRASHES, DELIVERY, DEBUGINFOD };

static int from_store(const char *path, enum kind kind, query_row callback, void *context) {
    BASE_CLEANUP(query_close)
    struct query *query = NULL;
    int r = query_open(path, &query);
    if (r < 0)
        return r;
    switch (kind) {
    case CRASHES:
        return query_crashes(query, QUERY_EVERYBODY, callback, context);
    case DELIVERY:
        return query_delivery(query, callback, context);
    default:
        return debuginfod_rows(path, callback, context);
    }
}

static int from_daemon(enum kind kind, query_row callback, void *context) {
    static int (*const ask[])(const char *, query_row, void *) = {
        [CRASHES] = client_crashes,
        [DELIVERY] = client_delivery,
        [DEBUGINFOD] = client_debuginfod,
    };
    const char *socket = getenv("CRASHD_SOCKET");
    return ask[kind](text_empty(socket) ? "/run/crashd/hook.sock" : socket, callback, context);
}

static int rows(const char *state_dir, enum kind kind, query_row callback, void *context) {
    BASE_CLEANUP(free)
    char *path = statepath_resolve(state_dir);
    if (!path)
        return -ENOMEM;
    int r = from_store(path, kind, callback, context);
    /* Somebody else's, or none: unless one was asked for, the system's daemon may know. */
    if ((r == -EACCES || r == -ENOENT) && !state_dir) {
        int asked = from_daemon(kind, callback, context);
        if (asked == 0 || r == -EACCES)
            r = asked;
    }
    /* Nothing crashed yet where crashd will keep it; a directory that was named must be there. */
    if (r == -ENOENT && (!state_dir || access(state_dir, F_OK) == 0))
        return 0;
    if (r < 0)
        fprintf(stderr,
                "crashctl: cannot read the crashes in %s: %s; choose another directory with "
                "--state-dir\n",
                path, strerror(-r));
    return r;
}

int rows_crashes(const char *state_dir, query_row callback, void *context) {
    return rows(state_dir, CRASHES, callback, context);
}

int rows_delivery(const char *state_dir, query_row callback, void *context) {
    return rows(state_dir, DELIVERY, callback, context);
}

int rows_debuginfod(const char *state_dir, query_row callback, void *context) {
    return rows(state_dir, DEBUGINFOD, callback, context);
}

const char *rows_text(const json_t *row, const char *key) {
    const char *text = json_string_value(json_object_get(row, key));
    return text ? text : "";
}

long long rows_number(const json_t *row, const char *key) {
    return (long long)json_integer_value(json_object_get(row, key));
}

int rows_print_json(const json_t *row) {
    BASE_CLEANUP(free)
    char *line = json_dumps(row, JSON_COMPACT);
    if (!line)
        return -ENOMEM;
    puts(line);
    return 0;
}

int rows_open_crash(const char *state_dir, const char *id) {
    enum { TRIES = 10 };
    char path[PATH_MAX];
    int r = -ENOENT;
    for (int i = 0; i < TRIES && r == -ENOENT; i++) {
        r = query_locate(state_dir, id, path, sizeof path);
        if (r < 0)
            continue;
        int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd >= 0)
            return fd;
        r = -errno;
    }
    return r;
}
