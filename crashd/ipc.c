/* SPDX-License-Identifier: MIT */
#include "crashd/ipc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"

int ipc_pair(int pair[2]) {
    return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0 ? -errno : 0;
}

int ipc_send(int socket, const json_t *body, const int *fds, size_t n_fds, bool wait) {
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(IPC_FDS_MAX * sizeof(int))];
    } control = {0};
    BASE_CLEANUP(free)
    char *text = json_dumps(body, JSON_COMPACT);
    if (!text)
        return -ENOMEM;
    struct iovec part = {text, strlen(text)};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (part.iov_len > IPC_MESSAGE_MAX || n_fds > IPC_FDS_MAX)
        return -EMSGSIZE;
    if (n_fds > 0) {
        message.msg_control = control.room;
        message.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
        control.header.cmsg_level = SOL_SOCKET;
        control.header.cmsg_type = SCM_RIGHTS;
        control.header.cmsg_len = CMSG_LEN(n_fds * sizeof(int));
        memcpy(CMSG_DATA(&control.header), fds, n_fds * sizeof(int));
    }
    for (;;) {
        if (sendmsg(socket, &message, MSG_NOSIGNAL | (wait ? 0 : MSG_DONTWAIT)) >= 0)
            return 0;
        if (errno != EINTR)
            return -errno;
    }
}

int ipc_send_new(int socket, json_t *body) {
    BASE_CLEANUP(json)
    json_t *owned = body;
    return owned ? ipc_send(socket, owned, NULL, 0, true) : -ENOMEM;
}

static void take_descriptors(struct msghdr *header, struct ipc_message *message) {
    for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < n; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof fd);
            if (message->n_fds < IPC_FDS_MAX)
                message->fds[message->n_fds++] = fd;
            else
                close(fd);
        }
    }
}

int ipc_receive(int socket, struct ipc_message *ret) {
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(IPC_FDS_MAX * sizeof(int))];
    } control;
    BASE_CLEANUP(free)
    char *text = malloc(IPC_MESSAGE_MAX);
    struct iovec part = {text, IPC_MESSAGE_MAX};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.room,
                             .msg_controllen = sizeof control.room};
    json_error_t error;
    ssize_t n;

    *ret = (struct ipc_message){0};
    if (!text)
        return -ENOMEM;
    do
        n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return errno == ECONNRESET ? 0 : -errno;
    take_descriptors(&message, ret);
    if (n == 0)
        return 0;
    if (!(message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)))
        ret->body = json_loadb(text, (size_t)n, JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object(ret->body)) {
        ipc_clear(ret);
        return -EBADMSG;
    }
    return 1;
}

void ipc_clear(struct ipc_message *message) {
    json_decref(message->body);
    for (size_t i = 0; i < message->n_fds; i++)
        if (message->fds[i] >= 0)
            close(message->fds[i]);
    *message = (struct ipc_message){0};
}

const char *ipc_text(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

int64_t ipc_number(const json_t *object, const char *key) {
    return json_integer_value(json_object_get(object, key));
}

bool ipc_flag(const json_t *object, const char *key) {
    return json_is_true(json_object_get(object, key));
}

bool ipc_is(const struct ipc_message *message, const char *type) {
    return strcmp(ipc_text(message->body, "type"), type) == 0;
}
