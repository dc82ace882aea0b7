/* SPDX-License-Identifier: MIT */
/* Main's end of a conversation with another process: main never waits for anybody, so what does
 * not fit is queued. */
#ifndef CRASHD_LINK_H
#define CRASHD_LINK_H

#include <systemd/sd-event.h>

#include "crashd/ipc.h"

typedef void (*link_message)(void *context, struct ipc_message *message);
/* The other end is gone. The link may be closed in it. */
typedef void (*link_closed)(void *context);

struct link_queued;

struct link {
    int fd;
    sd_event_source *source;
    link_message on_message;
    link_closed on_closed;
    void *context;
    struct link_queued *first, *last;
};

/* Takes fd over. 0 or negative errno. */
int link_open(struct link *link, sd_event *event, int fd, link_message on_message,
              link_closed on_closed, void *context);
/* Descriptors stay the caller's. 0 or negative errno. */
int link_send(struct link *link, const json_t *body, const int *fds, size_t n_fds);
/* For a fresh object, released here. */
int link_send_new(struct link *link, json_t *body);
/* Whether something has come in that was not dispatched yet. */
bool link_pending(const struct link *link);
void link_close(struct link *link);

#endif
