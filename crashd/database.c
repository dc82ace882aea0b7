/* SPDX-License-Identifier: MIT */
#include "crashd/database.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sqlite3.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "control/columns.h"

struct database {
    sqlite3 *handle;
};

BASE_DEFINE_CLEANUP(statement, sqlite3_stmt *, sqlite3_finalize);

#define COLUMN_DEFINITION(name, type) #name " " #type ","
static const char schema[] = "CREATE TABLE crash (" STORE_CRASH_COLUMNS(
    COLUMN_DEFINITION) "owner INTEGER, captured INTEGER, PRIMARY KEY (id));"
                       "CREATE INDEX crash_time ON crash (captured);"
                       "CREATE INDEX crash_state ON crash (state, dsn);"
                       "CREATE TABLE delivery (" STORE_DELIVERY_COLUMNS(
                           COLUMN_DEFINITION) "PRIMARY KEY (dsn));";

static int failed(struct database *database, const char *what) {
    log_error("store.db: %s: %s", what, sqlite3_errmsg(database->handle));
    return -EIO;
}

static int execute(struct database *database, const char *sql) {
    return sqlite3_exec(database->handle, sql, NULL, NULL, NULL) == SQLITE_OK
               ? 0
               : failed(database, "statement");
}

/* A statement with texts bound to its first parameters; NULL texts are null. */
static int run(struct database *database, const char *sql, size_t n, const char *const *texts) {
    BASE_CLEANUP(statement)
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(database->handle, sql, -1, &statement, NULL) != SQLITE_OK)
        return failed(database, "statement");
    for (size_t i = 0; i < n; i++)
        sqlite3_bind_text(statement, (int)i + 1, texts[i], -1, SQLITE_STATIC);
    return sqlite3_step(statement) == SQLITE_DONE ? 0 : failed(database, "row");
}

static int64_t single_number(sqlite3 *handle, const char *sql) {
    BASE_CLEANUP(statement)
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(handle, sql, -1, &statement, NULL) != SQLITE_OK ||
        sqlite3_step(statement) != SQLITE_ROW)
        return -1;
    return sqlite3_column_int64(statement, 0);
}

static bool intact(sqlite3 *handle) {
    BASE_CLEANUP(statement)
    sqlite3_stmt *statement = NULL;
    return sqlite3_prepare_v2(handle, "PRAGMA quick_check(1)", -1, &statement, NULL) == SQLITE_OK &&
           sqlite3_step(statement) == SQLITE_ROW &&
           strcmp((const char *)sqlite3_column_text(statement, 0), "ok") == 0;
}

static int open_file(const char *path, sqlite3 **ret) {
    sqlite3 *handle = NULL;
    if (sqlite3_open(path, &handle) == SQLITE_OK) {
        sqlite3_busy_timeout(handle, 5000);
        int64_t version = single_number(handle, "PRAGMA user_version");
        if ((version == 0 || version == STORE_VERSION) && intact(handle) &&
            sqlite3_exec(handle, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL", NULL,
                         NULL, NULL) == SQLITE_OK) {
            *ret = handle;
            return version == 0 ? 1 : 0;
        }
    }
    sqlite3_close(handle);
    return -EBADMSG;
}

static void set_aside(const char *path) {
    static const char *const files[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < 3; i++) {
        BASE_CLEANUP(free)
        char *from = NULL;
        BASE_CLEANUP(free)
        char *to = NULL;
        if (asprintf(&from, "%s%s", path, files[i]) >= 0 &&
            asprintf(&to, "%s.broken%s", path, files[i]) >= 0)
            rename(from, to);
    }
}

int database_open(const char *state_dir, struct database **ret) {
    BASE_CLEANUP(free)
    char *path = NULL;
    struct database *database = calloc(1, sizeof *database);
    if (!database || asprintf(&path, "%s/store.db", state_dir) < 0) {
        free(database);
        path = NULL;
        return -ENOMEM;
    }
    int r = open_file(path, &database->handle);
    if (r < 0) {
        log_error("%s is broken or of another version: it is kept as store.db.broken and made "
                  "again from the spool",
                  path);
        set_aside(path);
        r = open_file(path, &database->handle);
    }
    if (r > 0) {
        char version[64];
        snprintf(version, sizeof version, "PRAGMA user_version = %d", STORE_VERSION);
        r = execute(database, "BEGIN");
        if (r == 0)
            r = execute(database, schema);
        if (r == 0)
            r = execute(database, version);
        if (r == 0)
            r = execute(database, "COMMIT");
    }
    if (r < 0) {
        database_close(database);
        return r;
    }
    *ret = database;
    return 0;
}

struct database *database_close(struct database *database) {
    if (database)
        sqlite3_close(database->handle);
    free(database);
    return NULL;
}

int database_begin(struct database *database) {
    return execute(database, "BEGIN");
}

int database_commit(struct database *database) {
    return execute(database, "COMMIT");
}

static void bind_json(sqlite3_stmt *statement, int index, const json_t *value) {
    if (json_is_string(value))
        sqlite3_bind_text(statement, index, json_string_value(value), -1, SQLITE_TRANSIENT);
    else if (json_is_integer(value))
        sqlite3_bind_int64(statement, index, json_integer_value(value));
}

#define COLUMN_NAME(name, type)  #name ","
#define COLUMN_PLACE(name, type) "?,"
#define COLUMN_ENTRY(name, type) #name,

int database_put(struct database *database, const struct database_crash *crash) {
    static const char *const names[] = {STORE_CRASH_COLUMNS(COLUMN_ENTRY)};
    static const int n = sizeof names / sizeof *names;
    BASE_CLEANUP(statement)
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(
            database->handle,
            "INSERT OR REPLACE INTO crash (" STORE_CRASH_COLUMNS(
                COLUMN_NAME) "owner, captured) VALUES (" STORE_CRASH_COLUMNS(COLUMN_PLACE) "?, ?)",
            -1, &statement, NULL) != SQLITE_OK)
        return failed(database, "insert");
    for (int i = 0; i < n; i++) {
        const char *own = strcmp(names[i], "id") == 0      ? crash->id
                          : strcmp(names[i], "state") == 0 ? crash->state
                          : strcmp(names[i], "dsn") == 0   ? crash->dsn
                          : strcmp(names[i], "error") == 0 ? crash->error
                                                           : NULL;
        if (own)
            sqlite3_bind_text(statement, i + 1, own, -1, SQLITE_STATIC);
        else if (strcmp(names[i], "count") == 0)
            sqlite3_bind_int64(statement, i + 1, 1);
        else
            bind_json(statement, i + 1, json_object_get(crash->summary, names[i]));
    }
    sqlite3_bind_int64(statement, n + 1, crash->owner);
    sqlite3_bind_int64(statement, n + 2, crash->captured);
    return sqlite3_step(statement) == SQLITE_DONE ? 0 : failed(database, "insert");
}

int database_set_state(struct database *database, const char *id, const char *state,
                       const char *error) {
    const char *texts[] = {state, error, id};
    return run(database, "UPDATE crash SET state = ?, error = ? WHERE id = ?", 3, texts);
}

char *database_state(struct database *database, const char *id) {
    BASE_CLEANUP(statement)
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(database->handle, "SELECT state FROM crash WHERE id = ?", -1, &statement,
                           NULL) != SQLITE_OK)
        return NULL;
    sqlite3_bind_text(statement, 1, id, -1, SQLITE_STATIC);
    if (sqlite3_step(statement) != SQLITE_ROW)
        return NULL;
    const char *state = (const char *)sqlite3_column_text(statement, 0);
    return strdup(state ? state : "");
}

int database_remove(struct database *database, const char *id) {
    return run(database, "DELETE FROM crash WHERE id = ?", 1, &id);
}

int database_delivery(struct database *database, const char *dsn, int sent, int dropped,
                      const char *error, const char *next_try) {
    BASE_CLEANUP(statement)
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(database->handle,
                           "INSERT INTO delivery (dsn, sent, dropped, last_error, next_try) "
                           "VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (dsn) DO UPDATE SET "
                           "sent = sent + ?2, dropped = dropped + ?3, last_error = ?4, "
                           "next_try = ?5",
                           -1, &statement, NULL) != SQLITE_OK)
        return failed(database, "delivery");
    sqlite3_bind_text(statement, 1, dsn, -1, SQLITE_STATIC);
    sqlite3_bind_int(statement, 2, sent);
    sqlite3_bind_int(statement, 3, dropped);
    sqlite3_bind_text(statement, 4, error, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 5, next_try, -1, SQLITE_STATIC);
    return sqlite3_step(statement) == SQLITE_DONE ? 0 : failed(database, "delivery");
}

int database_recount(struct database *database) {
    return execute(database,
                   "INSERT OR IGNORE INTO delivery (dsn, sent, dropped) SELECT dsn, "
                   "sum(state = 'sent'), sum(state = 'failed') FROM crash WHERE dsn IS NOT NULL "
                   "GROUP BY dsn");
}

/* The callback may change rows: ids are taken first. */
static int each_id(sqlite3_stmt *statement, database_callback callback, void *context) {
    json_t *ids = json_array();
    while (sqlite3_step(statement) == SQLITE_ROW)
        json_array_append_new(ids, json_string((const char *)sqlite3_column_text(statement, 0)));
    int r = 0;
    for (size_t i = 0; r == 0 && i < json_array_size(ids); i++)
        r = callback(context, json_string_value(json_array_get(ids, i)));
    json_decref(ids);
    return r;
}

int database_each(struct database *database, database_callback callback, void *context) {
    BASE_CLEANUP(statement)
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(database->handle, "SELECT id FROM crash", -1, &statement, NULL) !=
        SQLITE_OK)
        return failed(database, "select");
    return each_id(statement, callback, context);
}

int database_each_old(struct database *database, uint64_t keep, int64_t before,
                      database_callback callback, void *context) {
    BASE_CLEANUP(statement)
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(database->handle,
                           "SELECT id FROM crash WHERE state IN ('sent', 'local', 'failed') AND "
                           "(captured < ?2 OR captured < (SELECT captured FROM crash ORDER BY "
                           "captured DESC LIMIT 1 OFFSET ?1 - 1))",
                           -1, &statement, NULL) != SQLITE_OK)
        return failed(database, "select");
    sqlite3_bind_int64(statement, 1, keep > 0 ? (sqlite3_int64)keep : 1);
    sqlite3_bind_int64(statement, 2, before);
    return each_id(statement, callback, context);
}
