/* SPDX-License-Identifier: MIT */
/* Sentry envelope (SENTRY.md 1.3). */
#ifndef SENTRY_ENVELOPE_H
#define SENTRY_ENVELOPE_H

#include <stddef.h>
#include <stdint.h>

#define SENTRY_CLIENT_NAME "crashd.native"

/* A buffer that grows; clear with envelope_clear(). */
struct envelope {
    char *data;
    size_t size;
};

/* Header line. event_id may be NULL (an envelope of client reports only), dsn too; sent_at is the
 * time of transmission in nanoseconds since 1970. 0 or -ENOMEM. */
int envelope_begin(struct envelope *envelope, const char *event_id, const char *dsn,
                   uint64_t sent_at);
/* An item: type "event" or "client_report"; the payload's bytes go in unchanged. */
int envelope_add(struct envelope *envelope, const char *type, const void *payload, size_t size);
/* An attachment, SENTRY.md 3. */
int envelope_add_attachment(struct envelope *envelope, const char *filename,
                            const char *content_type, const void *payload, size_t size);
/* gzip (RFC 1952) of the whole; malloc'ed. 0 or -ENOMEM. */
int envelope_compress(const struct envelope *envelope, char **data, size_t *size);
void envelope_clear(struct envelope *envelope);

#endif
