/* SPDX-License-Identifier: MIT */
#include "crashd/hello.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

enum { HELLO_FDS = 8, PATIENCE_SECONDS = 3 };

/* The first descriptor that came along; further ones are closed. */
static int take_descriptor(struct msghdr *message) {
    int taken = -1;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        for (size_t i = 0; i < (c->cmsg_len - CMSG_LEN(0)) / sizeof(int); i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
            if (taken < 0)
                taken = fd;
            else
                close(fd);
        }
    }
    return taken;
}

int hello_receive(int connection, struct handshake_hello *hello, int *pipe) {
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(HELLO_FDS * sizeof(int))];
    } control;
    struct iovec part = {hello, sizeof *hello};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.room,
                             .msg_controllen = sizeof control.room};
    /* It comes when the process has looked at itself, for which it has three seconds in all. */
    struct timeval patience = {.tv_sec = PATIENCE_SECONDS};
    struct stat st;
    *pipe = -1;
    memset(hello, 0, sizeof *hello);
    setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ssize_t n = recvmsg(connection, &message, MSG_CMSG_CLOEXEC);
    if (n < 0)
        return -errno;
    *pipe = take_descriptor(&message);
    if (n == 0)
        return -ENODATA;
    if (n < HANDSHAKE_HELLO_MIN || memcmp(hello->magic, HANDSHAKE_MAGIC, 8) != 0 || *pipe < 0 ||
        fstat(*pipe, &st) < 0 || !S_ISFIFO(st.st_mode))
        return -EBADMSG;
    return 0;
}
