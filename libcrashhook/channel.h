/* SPDX-License-Identifier: MIT */
/* Where the report goes: the daemon, a directory, or nowhere. */
#ifndef LIBCRASHHOOK_CHANNEL_H
#define LIBCRASHHOOK_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "snapshot/handshake.h"

struct channel {
    int socket;  /* -1 when there is none */
    bool queued; /* not connected yet: the daemon has too many to answer */
    int pipe;
    int file;
    bool answered;     /* the daemon has said all it has to say: write no more */
    uint64_t deadline; /* CLOCK_MONOTONIC, nanoseconds */
    int directory;
    char temporary[80], final[80];
    char paths[2][640]; /* of these two; not on the stack of the dying thread, which may be small */
};

/* Async-signal-safe, all of it. First of all, so that the daemon looks at the process while the
 * process looks at itself. Does not wait. */
void channel_connect(struct channel *channel, uint64_t deadline);
/* Where many die at once: waits for the daemon. */
void channel_connect_slowly(struct channel *channel);
/* False if nobody wants the report; large: it is worth a large pipe. */
bool channel_begin(struct channel *channel, const struct handshake_hello *hello,
                   const struct timespec *now, bool large);
int channel_write(void *channel, const uint8_t *data, size_t size);
/* The snapshot is complete: waits for the daemon, or gives the file its name. */
void channel_close(struct channel *channel);
/* For the dying process when its helper has died first: what was written of a file is kept. */
void channel_rescue(struct channel *channel);

#endif
