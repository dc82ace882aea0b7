/* SPDX-License-Identifier: MIT */
#include "crashd/control_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "control/control.h"
#include "control/debuginfod.h"
#include "control/query.h"
#include "crashd/link.h"
#include "crashd/listen.h"

enum { CLIENTS_MAX = 32, CLIENT_SECONDS = 20 };

struct control {
    const char *state_path;
    size_t clients;
};

struct client {
    struct control *control;
    int64_t owner;
    struct link link;
    sd_event_source *deadline;
};

static void end_client(struct client *client) {
    link_close(&client->link);
    sd_event_source_disable_unref(client->deadline);
    client->control->clients--;
    free(client);
}

static int on_deadline(sd_event_source *source, uint64_t usec, void *context) {
    end_client(context);
    return 0;
}

static void on_closed(void *context) {
    end_client(context);
}

static int send_row(void *context, json_t *row) {
    struct client *client = context;
    return link_send_new(&client->link, json_pack("{ss sO}", "type", CONTROL_ROW, "row", row));
}

static void on_message(void *context, struct ipc_message *message) {
    struct client *client = context;
    struct query *query = NULL;
    int r = query_open(client->control->state_path, &query);
    if (r == 0 && ipc_is(message, CONTROL_LIST))
        r = query_crashes(query, client->owner, send_row, client);
    else if (r == 0 && ipc_is(message, CONTROL_DELIVERY))
        r = query_delivery(query, send_row, client);
    else if (r == 0 && ipc_is(message, CONTROL_DEBUGINFOD))
        r = debuginfod_rows(client->control->state_path, send_row, client);
    query_close(query);
    link_send_new(&client->link,
                  json_pack("{ss ss*}", "type", CONTROL_END, "error", r < 0 ? strerror(-r) : NULL));
}

/* Root, crashd's own user and group crashd see everything. */
static int64_t what_may_see(int connection) {
    struct ucred peer;
    gid_t groups[NGROUPS_MAX];
    socklen_t size = sizeof peer, groups_size = sizeof groups;
    const struct group *privileged = getgrnam(CONTROL_GROUP);
    if (getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
        return -EPERM;
    if (peer.uid == 0 || peer.uid == geteuid())
        return QUERY_EVERYBODY;
    if (!privileged)
        return peer.uid;
    if (peer.gid == privileged->gr_gid)
        return QUERY_EVERYBODY;
    if (getsockopt(connection, SOL_SOCKET, SO_PEERGROUPS, groups, &groups_size) == 0)
        for (size_t i = 0; i < groups_size / sizeof *groups; i++)
            if (groups[i] == privileged->gr_gid)
                return QUERY_EVERYBODY;
    return peer.uid;
}

static int on_connection(sd_event_source *source, int fd, uint32_t events, void *context) {
    struct control *control = context;
    sd_event *event = sd_event_source_get_event(source);
    BASE_CLEANUP(close)
    int connection = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
    if (connection < 0 || control->clients >= CLIENTS_MAX)
        return 0;
    int64_t owner = what_may_see(connection);
    struct client *client = owner < QUERY_EVERYBODY ? NULL : calloc(1, sizeof *client);
    if (!client)
        return 0;
    client->control = control;
    client->owner = owner;
    control->clients++;
    if (link_open(&client->link, event, TAKE_FD(connection), on_message, on_closed, client) < 0 ||
        sd_event_add_time_relative(event, &client->deadline, CLOCK_MONOTONIC,
                                   CLIENT_SECONDS * UINT64_C(1000000), 0, on_deadline, client) < 0)
        end_client(client);
    return 0;
}

void control_socket_open(sd_event *event, const char *hook_socket, const char *state_path) {
    BASE_CLEANUP(free)
    char *path = NULL;
    const char *slash = strrchr(hook_socket, '/');
    int length = slash ? (int)(slash - hook_socket) + 1 : 0;
    if (asprintf(&path, "%.*s" CONTROL_SOCKET_NAME, length, hook_socket) < 0) {
        path = NULL;
        return;
    }
    struct control *control = calloc(1, sizeof *control);
    int fd = control ? listen_open(path) : -ENOMEM;
    if (fd < 0 || fcntl(fd, F_SETFL, O_NONBLOCK) < 0 ||
        sd_event_add_io(event, NULL, fd, EPOLLIN, on_connection, control) < 0) {
        log_warning("%s is not there: users cannot ask for their crashes", path);
        free(control);
        return;
    }
    control->state_path = state_path;
}
