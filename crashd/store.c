/* SPDX-License-Identifier: MIT */
#include "crashd/store.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "base/text.h"
#include "crashd/bundle.h"
#include "crashd/child.h"
#include "crashd/control_socket.h"
#include "crashd/database.h"
#include "crashd/link.h"
#include "sentry/dsn.h"

struct store {
    const struct store_options *options;
    const struct spool *spool;
    sd_event *event;
    struct link main;
    struct database *database;
};

/* A DSN without its keys: malloc'ed, NULL if it is none. */
static char *display(const char *text) {
    struct dsn dsn;
    if (text_empty(text) || dsn_parse(text, &dsn, NULL) < 0)
        return NULL;
    char *shown = dsn_display(&dsn);
    dsn_clear(&dsn);
    return shown;
}

/* The state that people see. */
static const char *state_name(enum spool_state state, const json_t *delivery) {
    switch (state) {
    case SPOOL_OUTBOX:
        return "queued";
    case SPOOL_REPORTED:
        return strcmp(ipc_text(delivery, "state"), "sent") == 0 ? "sent" : "local";
    case SPOOL_FAILED:
        return "failed";
    default:
        return "captured";
    }
}

/* What is known of a crash before it has a summary. */
static json_t *early_summary(const json_t *facts) {
    char time[CLOCK_RFC3339_SIZE];
    clock_rfc3339((uint64_t)ipc_number(facts, "time"), time);
    json_t *summary =
        json_pack("{ss sO? sO? sO? sO?}", "time", time, "exe", json_object_get(facts, "exe"), "pid",
                  json_object_get(facts, "pid"), "uid", json_object_get(facts, "uid"), "unit",
                  json_object_get(facts, "unit"));
    return summary;
}

/* The row of an entry, from its files. */
static int put_entry(struct store *store, enum spool_state state, const char *id) {
    BASE_CLEANUP(close)
    int entry = spool_entry(store->spool, state, id);
    if (entry < 0)
        return entry;
    BASE_CLEANUP(json)
    json_t *facts = spool_read_json(entry, "facts.json");
    BASE_CLEANUP(json)
    json_t *delivery = spool_read_json(entry, "delivery.json");
    BASE_CLEANUP(json)
    json_t *summary = spool_read_json(entry, "summary.json");
    BASE_CLEANUP(free)
    char *dsn = display(ipc_text(delivery, "dsn"));
    if (!summary)
        summary = early_summary(facts);
    const char *error = ipc_text(delivery, "error");
    int64_t captured = ipc_number(facts, "time");
    struct stat st;
    /* Without facts it is as old as its directory, not as old as 1970. */
    if (captured == 0 && fstat(entry, &st) == 0)
        captured = (int64_t)st.st_mtim.tv_sec * 1000000000;
    struct database_crash crash = {
        .id = id,
        .state = state_name(state, delivery),
        .dsn = dsn,
        .error = *error ? error : NULL,
        /* What died with raised privileges is root's to see. */
        .owner = !facts || ipc_flag(facts, "secure") ? 0 : (uint32_t)ipc_number(facts, "uid"),
        .captured = captured,
        .summary = summary,
    };
    return database_put(store->database, &crash);
}

struct reconcile {
    struct store *store;
    enum spool_state state;
};

static int reconcile_entry(void *context, const char *id) {
    const struct reconcile *reconcile = context;
    struct store *store = reconcile->store;
    BASE_CLEANUP(free)
    char *known = database_state(store->database, id);
    BASE_CLEANUP(close)
    int entry = spool_entry(store->spool, reconcile->state, id);
    BASE_CLEANUP(json)
    json_t *delivery = entry < 0 ? NULL : spool_read_json(entry, "delivery.json");
    if (entry >= 0 && (!known || strcmp(known, state_name(reconcile->state, delivery)) != 0))
        put_entry(store, reconcile->state, id);
    return 0;
}

static int forget_missing(void *context, const char *id) {
    struct store *store = context;
    return spool_find(store->spool, id) < 0 ? database_remove(store->database, id) : 0;
}

/* The directories are right, the rows follow. */
static void reconcile(struct store *store) {
    static const enum spool_state states[] = {SPOOL_CAPTURED, SPOOL_OUTBOX, SPOOL_REPORTED,
                                              SPOOL_FAILED};
    if (database_begin(store->database) < 0)
        return;
    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        spool_each(store->spool, states[i], reconcile_entry, &(struct reconcile){store, states[i]});
    database_each(store->database, forget_missing, store);
    database_recount(store->database);
    database_commit(store->database);
}

static int expire(void *context, const char *id) {
    struct store *store = context;
    int state = spool_find(store->spool, id);
    if (state == SPOOL_REPORTED || state == SPOOL_FAILED)
        spool_remove(store->spool, (enum spool_state)state, id);
    return database_remove(store->database, id);
}

static void apply_retention(struct store *store) {
    int64_t age = (int64_t)store->options->retention_days * 86400 * 1000000000;
    database_each_old(store->database, store->options->retention_count,
                      (int64_t)clock_realtime() - age, expire, store);
}

static bool is_object(const char *text, size_t size, const char *id_key, const char *id) {
    json_error_t error;
    BASE_CLEANUP(json)
    json_t *object = json_loadb(text, size, 0, &error);
    return json_is_object(object) && strcmp(ipc_text(object, id_key), id) == 0;
}

/* A worker may be in the hands of a hostile snapshot: its result is looked at as such. */
static int check_result(const struct bundle *bundle, const char *id) {
    if (bundle->size[BUNDLE_EVENT] > 1 << 20 || bundle->size[BUNDLE_SUMMARY] > 1 << 16)
        return -EFBIG;
    return is_object(bundle->data[BUNDLE_EVENT], bundle->size[BUNDLE_EVENT], "event_id", id) &&
                   is_object(bundle->data[BUNDLE_SUMMARY], bundle->size[BUNDLE_SUMMARY], "id", id)
               ? 0
               : -EBADMSG;
}

static int keep_result(struct store *store, const char *id, json_t *destination, int result) {
    static const char *const names[BUNDLE_PARTS] = {[BUNDLE_EVENT] = "event.json",
                                                    [BUNDLE_TEXT] = "report.txt",
                                                    [BUNDLE_SUMMARY] = "summary.json"};
    BASE_CLEANUP(bundle)
    struct bundle bundle = {0};
    BASE_CLEANUP(json)
    json_t *delivery = json_deep_copy(destination);
    const char *dsn = ipc_text(delivery, "dsn");
    BASE_CLEANUP(free)
    char *shown = display(dsn);
    BASE_CLEANUP(close)
    int entry = spool_entry(store->spool, SPOOL_CAPTURED, id);
    if (entry < 0)
        return entry;
    int r = bundle_read(result, &bundle);
    if (r == 0)
        r = check_result(&bundle, id);
    for (int i = 0; r == 0 && i < BUNDLE_PARTS; i++)
        r = io_write_file_atomic(entry, names[i], bundle.data[i], bundle.size[i]);
    if (*dsn && !shown)
        log_error("the DSN for %s is none: the report is kept here; correct dsn= or SENTRY_DSN",
                  id);
    if (r == 0 && shown) {
        json_object_set_new(delivery, "attempts", json_integer(0));
        json_object_set_new(delivery, "state", json_string("queued"));
        r = spool_write_json(entry, "delivery.json", delivery);
    }
    enum spool_state next = shown ? SPOOL_OUTBOX : SPOOL_REPORTED;
    if (r == 0)
        r = spool_move(store->spool, id, SPOOL_CAPTURED, next);
    if (r == 0) {
        put_entry(store, next, id);
        if (shown)
            database_recount(store->database);
        apply_retention(store);
    }
    return r < 0 ? r : (int)next;
}

static void log_report(const struct store *store, const char *id, enum spool_state state) {
    BASE_CLEANUP(close)
    int entry = spool_entry(store->spool, state, id);
    BASE_CLEANUP(json)
    json_t *summary = entry < 0 ? NULL : spool_read_json(entry, "summary.json");
    log_notice("%s: %s[%lld] of uid %lld: %s", id, ipc_text(summary, "exe"),
               (long long)ipc_number(summary, "pid"), (long long)ipc_number(summary, "uid"),
               ipc_text(summary, "title"));
}

static void on_result(struct store *store, struct ipc_message *message) {
    const char *id = ipc_text(message->body, "id");
    int r =
        message->n_fds == 1
            ? keep_result(store, id, json_object_get(message->body, "destination"), message->fds[0])
            : -EBADMSG;
    if (r < 0)
        log_error("the report of %s could not be stored: %s", id, strerror(-r));
    else
        log_report(store, id, (enum spool_state)r);
    link_send_new(&store->main, json_pack("{ss ss ss* si}", "type", "stored", "id", id, "state",
                                          r < 0 ? NULL : state_name((enum spool_state)r, NULL),
                                          "problem", r < 0 ? -r : 0));
}

static void on_fail(struct store *store, struct ipc_message *message) {
    const char *id = ipc_text(message->body, "id"), *error = ipc_text(message->body, "error");
    BASE_CLEANUP(close)
    int entry = spool_entry(store->spool, SPOOL_CAPTURED, id);
    BASE_CLEANUP(json)
    json_t *delivery = json_pack("{ss ss}", "state", "failed", "error", error);
    if (entry >= 0)
        spool_write_json(entry, "delivery.json", delivery);
    if (spool_move(store->spool, id, SPOOL_CAPTURED, SPOOL_FAILED) == 0)
        put_entry(store, SPOOL_FAILED, id);
    link_send_new(&store->main, json_pack("{ss ss ss ss}", "type", "stored", "id", id, "state",
                                          "failed", "error", error));
}

/* Beside the report, which may not be made yet: crashctl show prints both. */
static void on_copied(struct store *store, struct ipc_message *message) {
    const char *id = ipc_text(message->body, "id");
    int state = spool_find(store->spool, id);
    /* A store that has just begun may have found it in captured/. */
    database_remove(store->database, ipc_text(message->body, "copy"));
    BASE_CLEANUP(close)
    int entry = state < 0 ? state : spool_entry(store->spool, (enum spool_state)state, id);
    if (entry < 0)
        return;
    BASE_CLEANUP(json)
    json_t *copies = spool_read_json(entry, "copies.json");
    if (!copies)
        copies = json_pack("{s[]}", "copies");
    json_array_append_new(json_object_get(copies, "copies"),
                          json_pack("{sO sO}", "name", json_object_get(message->body, "name"),
                                    "pid", json_object_get(message->body, "pid")));
    int r = spool_write_json(entry, "copies.json", copies);
    if (r < 0)
        log_warning("%s: copies.json: %s", id, strerror(-r));
}

static void on_delivery(struct store *store, struct ipc_message *message) {
    const char *id = ipc_text(message->body, "id"), *state = ipc_text(message->body, "state"),
               *error = ipc_text(message->body, "error"), *dsn = ipc_text(message->body, "dsn"),
               *next = ipc_text(message->body, "next_try");
    database_delivery(store->database, dsn, strcmp(state, "sent") == 0,
                      (int)ipc_number(message->body, "dropped"), *error ? error : NULL,
                      *next ? next : NULL);
    if (*id)
        database_set_state(store->database, id, state, *error ? error : NULL);
}

static void on_message(void *context, struct ipc_message *message) {
    struct store *store = context;
    if (ipc_is(message, "captured"))
        put_entry(store, SPOOL_CAPTURED, ipc_text(message->body, "id"));
    else if (ipc_is(message, "result"))
        on_result(store, message);
    else if (ipc_is(message, "copied"))
        on_copied(store, message);
    else if (ipc_is(message, "fail"))
        on_fail(store, message);
    else if (ipc_is(message, "delivery"))
        on_delivery(store, message);
}

static void on_closed(void *context) {
    struct store *store = context;
    sd_event_exit(store->event, 0);
}

void store_run(const struct store_options *options) {
    const struct spool *spool = options->spool;
    struct store store = {.options = options, .spool = spool};
    int keep[] = {options->main,    options->lock,    spool->root,      spool->states[0],
                  spool->states[1], spool->states[2], spool->states[3], spool->states[4]};
    _Static_assert(SPOOL_STATES == 5, "keep every state");
    child_begin(keep, sizeof keep / sizeof *keep);
    child_drop(CHILD_CAPABILITY(CAP_DAC_OVERRIDE));
    log_open("crashd: store");
    if (sd_event_new(&store.event) < 0 ||
        link_open(&store.main, store.event, options->main, on_message, on_closed, &store) < 0)
        _exit(1);
    int r = database_open(options->state_path, &store.database);
    if (r < 0) {
        log_error("%s/store.db cannot be used: %s", options->state_path, strerror(-r));
        _exit(1);
    }
    reconcile(&store);
    apply_retention(&store);
    if (!options->private_run)
        control_socket_open(store.event, options->socket_path, options->state_path);
    r = sd_event_loop(store.event);
    database_close(store.database);
    _exit(r < 0 ? 1 : 0);
}
