/* SPDX-License-Identifier: MIT */
#include "control/client.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "control/control.h"

static int connect_beside(const char *socket_path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct timeval patience = {.tv_sec = 5};
    BASE_CLEANUP(free)
    char *parent = strdup(socket_path);
    char *slash = parent ? strrchr(parent, '/') : NULL;
    if (slash)
        *slash = '\0';
    BASE_CLEANUP(close)
    int directory = open(!slash            ? "."
                         : slash == parent ? "/"
                                           : parent,
                         O_PATH | O_DIRECTORY | O_CLOEXEC);
    BASE_CLEANUP(close)
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (directory < 0 || fd < 0)
        return -errno;
    snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/" CONTROL_SOCKET_NAME,
             directory);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
        return -errno;
    return TAKE_FD(fd);
}

static int ask(const char *socket_path, const char *type, query_row callback, void *context) {
    BASE_CLEANUP(close)
    int fd = connect_beside(socket_path);
    BASE_CLEANUP(free)
    char *text = malloc(CONTROL_MESSAGE_MAX);
    json_error_t error;
    if (fd < 0)
        return fd;
    if (!text)
        return -ENOMEM;
    int n = snprintf(text, CONTROL_MESSAGE_MAX, "{\"type\":\"%s\"}", type);
    if (send(fd, text, (size_t)n, MSG_NOSIGNAL) < 0)
        return -errno;
    for (;;) {
        ssize_t got = recv(fd, text, CONTROL_MESSAGE_MAX, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got < 0 ? -errno : -ECONNRESET;
        json_t *message = json_loadb(text, (size_t)got, 0, &error);
        const char *kind = json_string_value(json_object_get(message, "type"));
        int r = 0;
        bool end = kind && strcmp(kind, CONTROL_END) == 0;
        if (kind && strcmp(kind, CONTROL_ROW) == 0)
            r = callback(context, json_object_get(message, "row"));
        else if (!end)
            r = -EBADMSG;
        json_decref(message);
        if (r < 0 || end)
            return r;
    }
}

int client_crashes(const char *socket_path, query_row callback, void *context) {
    return ask(socket_path, CONTROL_LIST, callback, context);
}

int client_delivery(const char *socket_path, query_row callback, void *context) {
    return ask(socket_path, CONTROL_DELIVERY, callback, context);
}

int client_debuginfod(const char *socket_path, query_row callback, void *context) {
    return ask(socket_path, CONTROL_DEBUGINFOD, callback, context);
}
