/* SPDX-License-Identifier: MIT */
/* One POST of an envelope. */
#ifndef CRASHD_UPLOAD_H
#define CRASHD_UPLOAD_H

#include <curl/curl.h>
#include <stdint.h>

#include "crashd/destination.h"
#include "crashd/transfer.h"

struct upload {
    struct transfer transfer;
    CURL *handle;
    struct curl_slist *headers;
    char *body;
    size_t answer_size;
    char answer[512]; /* the beginning, for the log */
    char problem[CURL_ERROR_SIZE];
    struct clientreport reported; /* what this envelope tells */
    void *context;
};

/* Starts it. The event's bytes go in unchanged, and the destination's report of what it did not
 * get, which is the upload's until its end. 0 or negative errno. */
int upload_start(CURLM *multi, const struct transfer_settings *settings,
                 struct destination *destination, const char *event_id, const char *event,
                 size_t size, bool events_only, void *context, struct upload **ret);
struct upload *upload_free(CURLM *multi, struct upload *upload);

/* After its end: what came back; the texts live as long as the upload. */
struct answer upload_answer(struct upload *upload);
/* One line for people about an upload that did not do. */
void upload_describe(const struct upload *upload, const struct answer *answer, CURLcode result,
                     char *text, size_t size);

#endif
