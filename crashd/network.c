/* SPDX-License-Identifier: MIT */
/* crashd-network: sends what lies in outbox/, fetches debug files that a report lacks. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "base/text.h"
#include "crashd/child.h"
#include "crashd/debuginfod.h"
#include "crashd/ipc.h"
#include "crashd/outbox.h"
#include "crashd/upload.h"

extern const int crashhook_inert;
__attribute__((visibility("default"))) const int crashhook_inert = 1;

/* Behind the conversation with main: the state directory; its lock, which is only held; the
 * directory that the cache of debug files is in. */
enum { STATE_FD = IPC_CHILD_FD + 1, DEBUG_FD = IPC_CHILD_FD + 3 };

enum { EVENT_MAX = 1 << 20, UPLOADS_MAX = 64 };

static const uint64_t SECOND = 1000000000, IDLE = 30 * UINT64_C(1000000000),
                      LONG = 60 * UINT64_C(1000000000);

struct network {
    struct spool spool;
    struct outbox outbox;
    struct transfer_settings settings;
    struct debuginfod *debuginfod;
    CURLM *multi;
    unsigned uploads;
    int64_t told; /* messages of main's */
    uint64_t age_max, last_work;
    bool stuck; /* main knows that nothing will be sent for long */
    bool gone;  /* main is */
};

static void report(struct network *network, const struct item *item, const char *state,
                   const char *error, const char *next_try, int dropped) {
    if (ipc_send_new(IPC_CHILD_FD,
                     json_pack("{ss ss ss ss ss* ss* si}", "type", "delivery", "id", item->id,
                               "state", state, "dsn", item->destination->display, "error", error,
                               "next_try", next_try, "dropped", dropped)) < 0)
        network->gone = true;
}

static void end_item(struct network *network, struct item *item, enum spool_state to,
                     const char *state, const char *error) {
    outbox_note(&network->outbox, item, state, error, NULL);
    int r = spool_move(&network->spool, item->id, SPOOL_OUTBOX, to);
    if (r < 0)
        log_error("%s could not be moved to %s/: %s", item->id, spool_names[to], strerror(-r));
    report(network, item, state, error, NULL, to == SPOOL_FAILED);
    outbox_remove(&network->outbox, item);
}

/* An event that cannot be read is made again from its snapshot. */
static void send_back(struct network *network, const char *id) {
    int r = spool_move(&network->spool, id, SPOOL_OUTBOX, SPOOL_CAPTURED);
    log_error("the report of %s is damaged: making it again", id);
    if (r == 0)
        ipc_send_new(IPC_CHILD_FD, json_pack("{ss ss}", "type", "damaged", "id", id));
}

static bool sent_before(struct network *network, const char *id) {
    BASE_CLEANUP(close)
    int entry = spool_entry(&network->spool, SPOOL_OUTBOX, id);
    BASE_CLEANUP(json)
    json_t *delivery = entry < 0 ? NULL : spool_read_json(entry, "delivery.json");
    return strcmp(ipc_text(delivery, "state"), "sent") == 0;
}

static int add(void *context, const char *id) {
    struct network *network = context;
    struct item *item;
    int r = outbox_add(&network->outbox, id, &item);
    if (r == -EBADMSG)
        send_back(network, id);
    if (r < 0)
        return 0;
    uint64_t now = clock_realtime();
    if (sent_before(network, id)) {
        /* Killed between the answer and the rename. */
        end_item(network, item, SPOOL_REPORTED, "sent", NULL);
    } else if (network->age_max && item->time + network->age_max < now) {
        item->destination->report.errors[CLIENTREPORT_CACHE_OVERFLOW]++;
        outbox_save(&network->outbox);
        log_warning("%s could not be sent to %s for too long: given up, kept in failed/", id,
                    item->destination->display);
        end_item(network, item, SPOOL_FAILED, "failed", "too old");
    } else if (item->attempts == 0) {
        destination_hurry(item->destination, now);
    }
    return 0;
}

static void retry(struct network *network, bool new_config) {
    uint64_t now = clock_realtime();
    for (struct destination *d = network->outbox.destinations; d; d = d->next) {
        destination_hurry(d, now);
        if (new_config)
            d->pause_until = 0;
    }
    outbox_save(&network->outbox);
}

static void listen_to_main(struct network *network) {
    for (;;) {
        BASE_CLEANUP(ipc)
        struct ipc_message message;
        int r = ipc_receive(IPC_CHILD_FD, &message);
        if (r == -EAGAIN)
            return;
        if (r <= 0) {
            network->gone = true;
            return;
        }
        network->told++;
        network->stuck = false;
        network->last_work = clock_monotonic();
        if (ipc_is(&message, "queue"))
            add(network, ipc_text(message.body, "id"));
        else if (ipc_is(&message, "retry"))
            retry(network, ipc_flag(message.body, "new_config"));
        else
            debuginfod_ask(network->debuginfod, message.body);
    }
}

static int start_upload(struct network *network, struct item *item) {
    BASE_CLEANUP(free)
    char *event = NULL;
    struct upload *upload;
    json_error_t error;
    size_t size;
    BASE_CLEANUP(close)
    int entry = spool_entry(&network->spool, SPOOL_OUTBOX, item->id);
    int r = entry < 0 ? entry : io_read_file(entry, "event.json", EVENT_MAX, &event, &size);
    if (r < 0)
        return r;
    json_t *object = json_loadb(event, size, 0, &error);
    bool whole = json_is_object(object);
    json_decref(object);
    if (!whole)
        return -EBADMSG;
    r = upload_start(network->multi, &network->settings, item->destination, item->id, event, size,
                     item->events_only, item, &upload);
    if (r < 0)
        return r;
    item->in_flight = true;
    item->attempts++;
    item->destination->in_flight++;
    item->destination->last_try = clock_realtime();
    network->uploads++;
    return 0;
}

/* What the envelope was to tell has still to be told. */
static void put_back(struct destination *destination, const struct clientreport *reported) {
    for (int i = 0; i < CLIENTREPORT_REASONS; i++)
        destination->report.errors[i] += reported->errors[i];
}

static void keep_item(struct network *network, struct item *item, const char *error,
                      bool pause_began, unsigned failures) {
    const struct destination *d = item->destination;
    char next_try[CLOCK_RFC3339_SIZE];
    uint64_t now = clock_realtime(), due = destination_due(d, now);
    clock_rfc3339(due ? due : now, next_try);
    if (pause_began)
        log_error("%s refuses our events (%s): correct the DSN; trying again in an hour, or when "
                  "the configuration is read again",
                  d->display, error);
    else if (failures <= 1)
        log_warning("%s: %s: reports wait in outbox/, next try at %s", d->display, error, next_try);
    outbox_note(&network->outbox, item, "queued", error, next_try);
    report(network, item, "queued", error, next_try, 0);
}

static void finish_upload(struct network *network, struct upload *upload, CURLcode result) {
    char error[512];
    bool pause_began;
    struct item *item = upload->context;
    struct destination *destination = item->destination;
    struct answer answer = upload_answer(upload);
    unsigned failures = destination->failures;
    enum verdict verdict = destination_judge(destination, &answer, clock_realtime(), &pause_began);
    upload_describe(upload, &answer, result, error, sizeof error);
    BASE_CLEANUP(free)
    char *problem = text_clean(error, sizeof error);
    network->uploads--;
    destination->in_flight--;
    item->in_flight = false;
    if (verdict != VERDICT_SENT)
        put_back(destination, &upload->reported);
    /* Before anybody hears of it: a limit that was announced must survive us. */
    outbox_save(&network->outbox);
    switch (verdict) {
    case VERDICT_SENT:
        if (failures > 0)
            log_notice("%s takes events again", destination->display);
        end_item(network, item, SPOOL_REPORTED, "sent", NULL);
        break;
    case VERDICT_END:
        log_error("%s does not take %s (%s): kept in failed/", destination->display, item->id,
                  problem ? problem : error);
        end_item(network, item, SPOOL_FAILED, "failed", problem);
        break;
    case VERDICT_KEEP:
        keep_item(network, item, problem, pause_began, destination->failures);
        break;
    }
    upload_free(network->multi, upload);
    network->last_work = clock_monotonic();
}

static uint64_t start_due(struct network *network) {
    uint64_t due = UINT64_MAX;
    struct item *item;
    while (network->uploads < UPLOADS_MAX &&
           (item = outbox_next(&network->outbox, clock_realtime(), &due))) {
        int r = start_upload(network, item);
        if (r == 0)
            continue;
        if (r == -ENOMEM || r == -ENFILE || r == -EMFILE) {
            log_error("no means to send %s (%s): trying again in a second", item->id, strerror(-r));
            return clock_realtime() + SECOND;
        }
        char id[SPOOL_ID_SIZE];
        memcpy(id, item->id, sizeof id);
        outbox_remove(&network->outbox, item);
        if (r != -ENOENT)
            send_back(network, id);
    }
    return due;
}

/* Milliseconds until a time. */
static int milliseconds(uint64_t now, uint64_t then) {
    return then <= now ? 0 : (int)((then - now) / 1000000 + 1);
}

/* Milliseconds to wait; -1: nothing to do for long enough. */
static int time_to_wait(const struct network *network, uint64_t due) {
    uint64_t now = clock_realtime(), idle = clock_monotonic() - network->last_work;
    if (network->uploads > 0)
        return 1000;
    if (due <= now)
        return 0;
    if (due - now <= IDLE)
        return milliseconds(now, due);
    return idle >= IDLE ? -1 : milliseconds(idle, IDLE);
}

static void finish(struct network *network, CURL *handle, CURLcode result) {
    struct transfer *transfer = transfer_of(handle);
    if (transfer->kind == TRANSFER_UPLOAD)
        finish_upload(network, (struct upload *)transfer, result);
    else
        debuginfod_finished(network->debuginfod, (struct download *)transfer, result);
}

/* Who waits for the end of all uploads need not wait for a server that refuses us. */
static void tell_stuck(struct network *network, uint64_t due) {
    bool stuck = network->uploads == 0 && due > clock_realtime() + LONG;
    if (stuck && !network->stuck)
        ipc_send_new(IPC_CHILD_FD,
                     json_pack("{ss sI}", "type", "stuck", "told", (json_int_t)network->told));
    network->stuck = stuck;
}

static void work(struct network *network) {
    while (!network->gone) {
        struct curl_waitfd main = {.fd = IPC_CHILD_FD, .events = CURL_WAIT_POLLIN};
        struct CURLMsg *message;
        int running, left;
        listen_to_main(network);
        uint64_t due = start_due(network);
        tell_stuck(network, due);
        int wait = time_to_wait(network, due);
        uint64_t fetch_due, now = clock_monotonic();
        network->gone |= debuginfod_step(network->debuginfod, &fetch_due) < 0;
        if (fetch_due != UINT64_MAX) {
            int fetch_wait = milliseconds(now, fetch_due);
            wait = wait < 0 || fetch_wait < wait ? fetch_wait : wait;
            network->last_work = now;
        }
        if (wait < 0) {
            ipc_send_new(IPC_CHILD_FD,
                         json_pack("{ss sI sI}", "type", "rest", "told", (json_int_t)network->told,
                                   "next", due == UINT64_MAX ? (json_int_t)0 : (json_int_t)due));
            return;
        }
        curl_multi_perform(network->multi, &running);
        bool finished = false;
        while ((message = curl_multi_info_read(network->multi, &left)))
            if (message->msg == CURLMSG_DONE) {
                finish(network, message->easy_handle, message->data.result);
                finished = true;
            }
        if (!finished)
            curl_multi_poll(network->multi, &main, 1, wait, NULL);
    }
}

static const char *or_null(const char *text) {
    return text_empty(text) ? NULL : text;
}

static void parse_arguments(int argc, char **argv, struct network *network) {
    for (int i = 1; i + 1 < argc; i += 2) {
        const char *name = argv[i], *value = argv[i + 1];
        if (strcmp(name, "--connect-ms") == 0)
            network->settings.connect_milliseconds = atol(value);
        else if (strcmp(name, "--upload-ms") == 0)
            network->settings.upload_milliseconds = atol(value);
        else if (strcmp(name, "--days") == 0)
            network->age_max = (uint64_t)atol(value) * 86400 * SECOND;
        else if (strcmp(name, "--ca-file") == 0)
            network->settings.ca_file = or_null(value);
        else if (strcmp(name, "--proxy") == 0)
            network->settings.proxy = or_null(value);
    }
}

int main(int argc, char **argv) {
    struct network network = {.last_work = clock_monotonic()};
    child_drop(0);
    log_open("crashd: network");
    parse_arguments(argc, argv, &network);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    network.multi = curl_multi_init();
    int r = spool_open(STATE_FD, &network.spool);
    if (r == 0 && network.multi)
        r = debuginfod_new(DEBUG_FD, network.multi, &network.settings, &network.debuginfod);
    if (r == 0)
        r = outbox_open(&network.spool, &network.outbox);
    if (r < 0 || !network.multi || fcntl(IPC_CHILD_FD, F_SETFL, O_NONBLOCK) < 0) {
        log_error("reports cannot be sent: %s", strerror(-r));
        return EXIT_FAILURE;
    }
    spool_each(&network.spool, SPOOL_OUTBOX, add, &network);
    work(&network);
    return EXIT_SUCCESS;
}
