/* SPDX-License-Identifier: MIT */
#include "control/query.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sqlite3.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/hex.h"
#include "control/columns.h"

BASE_DEFINE_CLEANUP(statement, sqlite3_stmt *, sqlite3_finalize);

enum { STORES_MAX = 1000, ID_DIGITS = 32, PREFIX_MIN = 4 };

/* A run has a store of its own. */
struct query {
    sqlite3 *stores[STORES_MAX];
    size_t n;
};

#define COLUMN_LIST(name, type) #name ","
static const char crash_columns[] = STORE_CRASH_COLUMNS(COLUMN_LIST);

static int open_store(struct query *query, const char *directory) {
    BASE_CLEANUP(free)
    char *path = NULL;
    sqlite3 *store = NULL;
    if (query->n == STORES_MAX)
        return 0;
    if (asprintf(&path, "%s/store.db", directory) < 0) {
        path = NULL;
        return -ENOMEM;
    }
    if (access(path, R_OK) < 0)
        return errno == ENOENT ? 0 : -errno;
    if (sqlite3_open_v2(path, &store, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK) {
        sqlite3_close(store);
        return -EIO;
    }
    sqlite3_busy_timeout(store, 5000);
    query->stores[query->n++] = store;
    return 0;
}

/* Calls for state_dir itself and each directory in its runs/. */
static int each_directory(const char *state_dir, int (*callback)(void *, const char *),
                          void *context) {
    BASE_CLEANUP(free)
    char *runs = NULL;
    if (asprintf(&runs, "%s/runs", state_dir) < 0) {
        runs = NULL;
        return -ENOMEM;
    }
    int r = callback(context, state_dir);
    BASE_CLEANUP(closedir)
    DIR *directory = opendir(runs);
    struct dirent *entry;
    while (r == 0 && directory && (entry = readdir(directory))) {
        BASE_CLEANUP(free)
        char *path = NULL;
        if (!hex_is(entry->d_name, ID_DIGITS))
            continue;
        if (asprintf(&path, "%s/%s", runs, entry->d_name) < 0) {
            path = NULL;
            return -ENOMEM;
        }
        r = callback(context, path);
    }
    return r;
}

static int add_store(void *context, const char *directory) {
    return open_store(context, directory);
}

struct query *query_close(struct query *query) {
    for (size_t i = 0; query && i < query->n; i++)
        sqlite3_close(query->stores[i]);
    free(query);
    return NULL;
}

int query_open(const char *state_dir, struct query **ret) {
    struct query *query = calloc(1, sizeof *query);
    if (!query)
        return -ENOMEM;
    int r = each_directory(state_dir, add_store, query);
    if (r == 0 && query->n == 0)
        r = -ENOENT;
    if (r < 0) {
        query_close(query);
        return r;
    }
    *ret = query;
    return 0;
}

static json_t *column(sqlite3_stmt *statement, int index) {
    switch (sqlite3_column_type(statement, index)) {
    case SQLITE_INTEGER:
        return json_integer(sqlite3_column_int64(statement, index));
    case SQLITE_NULL:
        return json_null();
    default: {
        json_t *text = json_string((const char *)sqlite3_column_text(statement, index));
        return text ? text : json_null();
    }
    }
}

/* Appends the rows of a statement to an array. */
static int take_rows(sqlite3 *store, const char *sql, int64_t owner, json_t *rows) {
    BASE_CLEANUP(statement)
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(store, sql, -1, &statement, NULL) != SQLITE_OK)
        /* A store whose tables are not made yet is an empty one. */
        return strstr(sqlite3_errmsg(store), "no such table") ? 0 : -EIO;
    if (sqlite3_bind_parameter_count(statement) > 0)
        sqlite3_bind_int64(statement, 1, owner);
    int r;
    while ((r = sqlite3_step(statement)) == SQLITE_ROW) {
        json_t *row = json_object();
        for (int i = 0; i < sqlite3_column_count(statement); i++)
            json_object_set_new(row, sqlite3_column_name(statement, i), column(statement, i));
        if (json_array_append_new(rows, row) < 0)
            return -ENOMEM;
    }
    return r == SQLITE_DONE ? 0 : -EIO;
}

static int newest_first(const void *a, const void *b) {
    const char *x = json_string_value(json_object_get(*(json_t *const *)a, "time")),
               *y = json_string_value(json_object_get(*(json_t *const *)b, "time"));
    return strcmp(y ? y : "", x ? x : "");
}

static void json_release(json_t *value) {
    json_decref(value);
}
BASE_DEFINE_CLEANUP(json_release, json_t *, json_release);

int query_crashes(struct query *query, int64_t owner, query_row callback, void *context) {
    char sql[1024];
    BASE_CLEANUP(json_release)
    json_t *rows = json_array();
    /* The last column is followed by a comma, too. */
    snprintf(sql, sizeof sql,
             "SELECT %.*s FROM crash WHERE ?1 < 0 OR owner = ?1 ORDER BY time DESC",
             (int)sizeof crash_columns - 2, crash_columns);
    for (size_t i = 0; i < query->n; i++) {
        int r = take_rows(query->stores[i], sql, owner, rows);
        if (r < 0)
            return r;
    }
    size_t n = json_array_size(rows);
    BASE_CLEANUP(free)
    json_t **sorted = calloc(n + 1, sizeof *sorted);
    if (!sorted)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++)
        sorted[i] = json_array_get(rows, i);
    qsort(sorted, n, sizeof *sorted, newest_first);
    for (size_t i = 0; i < n; i++) {
        int r = callback(context, sorted[i]);
        if (r < 0)
            return r;
    }
    return 0;
}

int query_delivery(struct query *query, query_row callback, void *context) {
    static const char sql[] =
        "SELECT dsn, (SELECT count(*) FROM crash WHERE crash.dsn = delivery.dsn AND "
        "state = 'queued') AS queued, sent, dropped, last_error, next_try FROM delivery "
        "ORDER BY dsn";
    BASE_CLEANUP(json_release)
    json_t *rows = json_array();
    BASE_CLEANUP(json_release)
    json_t *sums = json_object();
    const char *dsn;
    json_t *sum, *row;
    size_t i;
    for (size_t s = 0; s < query->n; s++) {
        int r = take_rows(query->stores[s], sql, 0, rows);
        if (r < 0)
            return r;
    }
    json_array_foreach (rows, i, row) {
        static const char *const counts[] = {"queued", "sent", "dropped"};
        static const char *const latest[] = {"last_error", "next_try"};
        dsn = json_string_value(json_object_get(row, "dsn"));
        sum = json_object_get(sums, dsn);
        if (!sum) {
            json_object_set(sums, dsn, row);
            continue;
        }
        for (size_t k = 0; k < 3; k++)
            json_object_set_new(sum, counts[k],
                                json_integer(json_integer_value(json_object_get(sum, counts[k])) +
                                             json_integer_value(json_object_get(row, counts[k]))));
        for (size_t k = 0; k < 2; k++)
            if (json_is_null(json_object_get(sum, latest[k])))
                json_object_set(sum, latest[k], json_object_get(row, latest[k]));
    }
    json_object_foreach (sums, dsn, sum) {
        int r = callback(context, sum);
        if (r < 0)
            return r;
    }
    return 0;
}

struct location {
    const char *prefix;
    char id[ID_DIGITS + 1];
    char *path;
    size_t size;
    int error;
};

static int look_in(void *context, const char *state_dir) {
    static const char *const states[] = {"incoming", "captured", "outbox", "reported", "failed"};
    struct location *location = context;
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        BASE_CLEANUP(free)
        char *path = NULL;
        if (asprintf(&path, "%s/%s", state_dir, states[i]) < 0) {
            path = NULL;
            return -ENOMEM;
        }
        BASE_CLEANUP(closedir)
        DIR *directory = opendir(path);
        struct dirent *entry;
        while (directory && (entry = readdir(directory))) {
            if (!hex_is(entry->d_name, ID_DIGITS) ||
                strncmp(entry->d_name, location->prefix, strlen(location->prefix)) != 0)
                continue;
            /* Met twice is one that moved while we looked. */
            if (location->id[0] && strcmp(location->id, entry->d_name) != 0) {
                location->error = -ENOTUNIQ;
                return 0;
            }
            memcpy(location->id, entry->d_name, sizeof location->id);
            int n = snprintf(location->path, location->size, "%s/%s", path, entry->d_name);
            location->error = n < 0 || (size_t)n >= location->size ? -ENAMETOOLONG : 0;
        }
    }
    return 0;
}

int query_locate(const char *state_dir, const char *prefix, char *path, size_t size) {
    struct location location = {.prefix = prefix, .path = path, .size = size, .error = -ENOENT};
    if (strlen(prefix) < PREFIX_MIN || !hex_is(prefix, strlen(prefix)))
        return -ENOENT;
    int r = each_directory(state_dir, look_in, &location);
    return r < 0 ? r : location.error;
}
