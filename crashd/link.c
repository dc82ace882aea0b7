/* SPDX-License-Identifier: MIT */
#include "crashd/link.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"

struct link_queued {
    struct link_queued *next;
    json_t *body;
    int fds[IPC_FDS_MAX];
    size_t n_fds;
};

static void drop_first(struct link *link) {
    struct link_queued *queued = link->first;
    link->first = queued->next;
    if (!link->first)
        link->last = NULL;
    json_decref(queued->body);
    for (size_t i = 0; i < queued->n_fds; i++)
        close(queued->fds[i]);
    free(queued);
}

static void flush_queue(struct link *link) {
    while (link->first) {
        const struct link_queued *queued = link->first;
        if (ipc_send(link->fd, queued->body, queued->fds, queued->n_fds, false) == -EAGAIN)
            return;
        drop_first(link);
    }
    sd_event_source_set_io_events(link->source, EPOLLIN);
}

static int on_io(sd_event_source *source, int fd, uint32_t events, void *context) {
    struct link *link = context;
    if (events & EPOLLOUT)
        flush_queue(link);
    if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
        return 0;
    BASE_CLEANUP(ipc)
    struct ipc_message message;
    int r = ipc_receive(fd, &message);
    if (r > 0) {
        link->on_message(link->context, &message);
    } else if (r == 0) {
        sd_event_source_set_enabled(source, SD_EVENT_OFF);
        link->on_closed(link->context);
    } else if (r != -EAGAIN) {
        log_warning("a message of another crashd process was not understood: it is ignored");
    }
    return 0;
}

int link_open(struct link *link, sd_event *event, int fd, link_message on_message,
              link_closed on_closed, void *context) {
    *link = (struct link){
        .fd = fd, .on_message = on_message, .on_closed = on_closed, .context = context};
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
        return -errno;
    return sd_event_add_io(event, &link->source, fd, EPOLLIN, on_io, link);
}

static int enqueue(struct link *link, const json_t *body, const int *fds, size_t n_fds) {
    struct link_queued *queued = calloc(1, sizeof *queued);
    if (!queued)
        return -ENOMEM;
    queued->body = json_deep_copy(body);
    for (; queued->n_fds < n_fds; queued->n_fds++) {
        int copy = fcntl(fds[queued->n_fds], F_DUPFD_CLOEXEC, 3);
        if (copy < 0)
            break;
        queued->fds[queued->n_fds] = copy;
    }
    if (link->last)
        link->last->next = queued;
    else
        link->first = queued;
    link->last = queued;
    return sd_event_source_set_io_events(link->source, EPOLLIN | EPOLLOUT);
}

int link_send(struct link *link, const json_t *body, const int *fds, size_t n_fds) {
    if (!link->source)
        return -ENOTCONN;
    int r = link->first ? -EAGAIN : ipc_send(link->fd, body, fds, n_fds, false);
    return r == -EAGAIN ? enqueue(link, body, fds, n_fds) : r;
}

int link_send_new(struct link *link, json_t *body) {
    BASE_CLEANUP(json)
    json_t *owned = body;
    return owned ? link_send(link, owned, NULL, 0) : -ENOMEM;
}

bool link_pending(const struct link *link) {
    struct pollfd wait = {.fd = link->fd, .events = POLLIN};
    return link->source && poll(&wait, 1, 0) > 0 && (wait.revents & POLLIN);
}

void link_close(struct link *link) {
    if (!link->source)
        return;
    while (link->first)
        drop_first(link);
    link->source = sd_event_source_disable_unref(link->source);
    close(link->fd);
}
