/* SPDX-License-Identifier: MIT */
#include "sentry/envelope.h"

#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/cleanup.h"
#include "base/clock.h"

BASE_DEFINE_CLEANUP(json_decref, json_t *, json_decref);

static int append(struct envelope *envelope, const void *data, size_t size) {
    char *larger = realloc(envelope->data, envelope->size + size + 1);
    if (!larger)
        return -ENOMEM;
    envelope->data = larger;
    if (size)
        memcpy(larger + envelope->size, data, size);
    envelope->size += size;
    return 0;
}

static int append_line(struct envelope *envelope, const json_t *object) {
    BASE_CLEANUP(free)
    char *line = object ? json_dumps(object, JSON_COMPACT) : NULL;
    if (!line)
        return -ENOMEM;
    int r = append(envelope, line, strlen(line));
    return r < 0 ? r : append(envelope, "\n", 1);
}

int envelope_begin(struct envelope *envelope, const char *event_id, const char *dsn,
                   uint64_t sent_at) {
    char time[CLOCK_RFC3339_SIZE];
    clock_rfc3339(sent_at, time);
    BASE_CLEANUP(json_decref)
    json_t *header = json_object();
    if (event_id)
        json_object_set_new(header, "event_id", json_string(event_id));
    if (dsn)
        json_object_set_new(header, "dsn", json_string(dsn));
    json_object_set_new(
        header, "sdk", json_pack("{ss ss}", "name", SENTRY_CLIENT_NAME, "version", CRASHD_VERSION));
    json_object_set_new(header, "sent_at", json_string(time));
    return append_line(envelope, header);
}

static int add_item(struct envelope *envelope, json_t *header, const void *payload, size_t size) {
    int r = append_line(envelope, header);
    if (r == 0)
        r = append(envelope, payload, size);
    return r < 0 ? r : append(envelope, "\n", 1);
}

int envelope_add(struct envelope *envelope, const char *type, const void *payload, size_t size) {
    BASE_CLEANUP(json_decref)
    json_t *header = json_pack("{ss sI}", "type", type, "length", (json_int_t)size);
    return add_item(envelope, header, payload, size);
}

int envelope_add_attachment(struct envelope *envelope, const char *filename,
                            const char *content_type, const void *payload, size_t size) {
    BASE_CLEANUP(json_decref)
    json_t *header =
        json_pack("{ss sI ss ss ss}", "type", "attachment", "length", (json_int_t)size, "filename",
                  filename, "content_type", content_type, "attachment_type", "event.attachment");
    return add_item(envelope, header, payload, size);
}

int envelope_compress(const struct envelope *envelope, char **data, size_t *size) {
    enum { GZIP = 16 };
    z_stream stream = {0};
    if (envelope->size > UINT_MAX)
        return -ENOMEM;
    if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, MAX_WBITS + GZIP, 8,
                     Z_DEFAULT_STRATEGY) != Z_OK)
        return -ENOMEM;
    size_t room = deflateBound(&stream, envelope->size);
    char *out = malloc(room);
    if (!out) {
        deflateEnd(&stream);
        return -ENOMEM;
    }
    stream.next_in = (Bytef *)envelope->data;
    stream.avail_in = (uInt)envelope->size;
    stream.next_out = (Bytef *)out;
    stream.avail_out = (uInt)room;
    int r = deflate(&stream, Z_FINISH);
    *size = stream.total_out;
    deflateEnd(&stream);
    if (r != Z_STREAM_END) {
        free(out);
        return -ENOMEM;
    }
    *data = out;
    return 0;
}

void envelope_clear(struct envelope *envelope) {
    free(envelope->data);
    *envelope = (struct envelope){0};
}
