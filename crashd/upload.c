/* SPDX-License-Identifier: MIT */
#include "crashd/upload.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "sentry/envelope.h"

enum { ANSWER_MAX = 64 * 1024 };

static size_t on_answer(char *data, size_t one, size_t size, void *context) {
    struct upload *upload = context;
    if (upload->answer_size < sizeof upload->answer - 1) {
        size_t room = sizeof upload->answer - 1 - upload->answer_size;
        memcpy(upload->answer + upload->answer_size, data, size < room ? size : room);
    }
    upload->answer_size += size;
    /* Less than it was given ends the transfer: nobody needs more of an answer. */
    return upload->answer_size > ANSWER_MAX ? 0 : size;
}

static void cleanup_envelope(struct envelope *envelope) {
    envelope_clear(envelope);
}

static int make_body(struct upload *upload, struct destination *destination, const char *event_id,
                     const char *event, size_t size, bool events_only, size_t *body_size) {
    __attribute__((cleanup(cleanup_envelope))) struct envelope envelope = {0};
    BASE_CLEANUP(free)
    char *report = NULL;
    size_t report_size = 0;
    uint64_t now = clock_realtime();
    int r = envelope_begin(&envelope, event_id, destination->dsn, now);
    if (r == 0)
        r = envelope_add(&envelope, "event", event, size);
    if (r == 0 && !events_only)
        r = clientreport_render(&destination->report, now, &report, &report_size);
    if (r == 0 && report) {
        r = envelope_add(&envelope, "client_report", report, report_size);
    }
    if (r == 0)
        r = envelope_compress(&envelope, &upload->body, body_size);
    if (r == 0 && report) {
        upload->reported = destination->report;
        destination->report = (struct clientreport){0};
    }
    return r;
}

static int add_header(struct upload *upload, const char *name, const char *value) {
    BASE_CLEANUP(free)
    char *line = NULL;
    if (asprintf(&line, "%s: %s", name, value) < 0) {
        line = NULL;
        return -ENOMEM;
    }
    struct curl_slist *headers = curl_slist_append(upload->headers, line);
    if (!headers)
        return -ENOMEM;
    upload->headers = headers;
    return 0;
}

static int make_headers(struct upload *upload, const char *auth) {
    int r = add_header(upload, "Content-Type", "application/x-sentry-envelope");
    if (r == 0)
        r = add_header(upload, "Content-Encoding", "gzip");
    if (r == 0)
        r = add_header(upload, "X-Sentry-Auth", auth);
    /* Empty: curl would wait a second for a "100 Continue" that some servers never send. */
    struct curl_slist *headers = r == 0 ? curl_slist_append(upload->headers, "Expect:") : NULL;
    if (!headers)
        return -ENOMEM;
    upload->headers = headers;
    return 0;
}

static void configure(struct upload *upload, const struct transfer_settings *settings,
                      const struct destination *destination, size_t body_size) {
    CURL *handle = upload->handle;
    curl_easy_setopt(handle, CURLOPT_URL, destination->url);
    transfer_configure(&upload->transfer, handle, settings);
    curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(handle, CURLOPT_POST, 1L);
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, upload->body);
    curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body_size);
    curl_easy_setopt(handle, CURLOPT_HTTPHEADER, upload->headers);
    curl_easy_setopt(handle, CURLOPT_USERAGENT, SENTRY_CLIENT_NAME "/" CRASHD_VERSION);
    curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, settings->upload_milliseconds);
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, on_answer);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, upload);
    curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, upload->problem);
}

int upload_start(CURLM *multi, const struct transfer_settings *settings,
                 struct destination *destination, const char *event_id, const char *event,
                 size_t size, bool events_only, void *context, struct upload **ret) {
    size_t body_size = 0;
    struct upload *upload = calloc(1, sizeof *upload);
    if (!upload)
        return -ENOMEM;
    upload->transfer.kind = TRANSFER_UPLOAD;
    upload->context = context;
    upload->handle = curl_easy_init();
    int r = upload->handle ? 0 : -ENOMEM;
    if (r == 0)
        r = make_body(upload, destination, event_id, event, size, events_only, &body_size);
    if (r == 0)
        r = make_headers(upload, destination->auth);
    if (r == 0) {
        configure(upload, settings, destination, body_size);
        r = curl_multi_add_handle(multi, upload->handle) == CURLM_OK ? 0 : -ENOMEM;
    }
    if (r < 0) {
        upload_free(NULL, upload);
        return r;
    }
    *ret = upload;
    return 0;
}

struct upload *upload_free(CURLM *multi, struct upload *upload) {
    if (multi)
        curl_multi_remove_handle(multi, upload->handle);
    curl_easy_cleanup(upload->handle);
    curl_slist_free_all(upload->headers);
    free(upload->body);
    free(upload);
    return NULL;
}

static const char *header(CURL *handle, const char *name) {
    struct curl_header *found;
    return curl_easy_header(handle, name, 0, CURLH_HEADER, -1, &found) == CURLHE_OK ? found->value
                                                                                    : NULL;
}

struct answer upload_answer(struct upload *upload) {
    long status = 0;
    curl_easy_getinfo(upload->handle, CURLINFO_RESPONSE_CODE, &status);
    return (struct answer){.status = status >= 200 ? (int)status : 0,
                           .limits = header(upload->handle, "X-Sentry-Rate-Limits"),
                           .retry_after = header(upload->handle, "Retry-After")};
}

void upload_describe(const struct upload *upload, const struct answer *answer, CURLcode result,
                     char *text, size_t size) {
    if (answer->status == 0)
        snprintf(text, size, "%s", *upload->problem ? upload->problem : curl_easy_strerror(result));
    else
        snprintf(text, size, "HTTP %d%s%.200s", answer->status, *upload->answer ? ": " : "",
                 upload->answer);
}
