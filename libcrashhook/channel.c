/* SPDX-License-Identifier: MIT */
/*
 * Async-signal-safe: system calls, each with an end. The pipe is non-blocking, because a daemon
 * that was stopped must not stop the process as well; where many die at once a non-blocking
 * connect() fails, and a blocking one waits, but for a limited time.
 */
#include "libcrashhook/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "libcrashhook/abstract.h"
#include "libcrashhook/hook.h"
#include "libcrashhook/syscalls.h"
#include "libcrashhook/text.h"

enum {
    CONNECT_MS = 500,
    ANSWER_MS = 200,
    PIPE_SIZE = 1024 * 1024,
    NANOSECONDS = 1000000000,
};

static uint64_t now_ns(void) {
    struct timespec now = {0};

    sys(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * NANOSECONDS + (uint64_t)now.tv_nsec;
}

static void drop_socket(struct channel *channel) {
    if (channel->socket >= 0)
        sys(SYS_close, channel->socket);
    channel->socket = -1;
}

/* 0 or a negative errno; -EAGAIN: not now. */
static long connect_to(int fd, const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = text_length(path);

    if (length == 0 || length >= sizeof address.sun_path)
        return -EINVAL;
    text_copy(address.sun_path, path, length);
    return sys(SYS_connect, fd, &address, offsetof(struct sockaddr_un, sun_path) + length + 1);
}

void channel_connect(struct channel *channel, uint64_t deadline) {
    long result;

    *channel = (struct channel){.pipe = -1, .file = -1, .deadline = deadline};
    channel->socket =
        (int)sys(SYS_socket, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (channel->socket < 0)
        return;
    result = connect_to(channel->socket, hook_settings.socket);
    channel->queued = result == -EAGAIN;
    if (result < 0 && !channel->queued && !abstract_connect(channel->socket))
        drop_socket(channel);
}

void channel_connect_slowly(struct channel *channel) {
    const struct timeval limit = {.tv_usec = CONNECT_MS * 1000};

    if (!channel->queued)
        return;
    sys(SYS_fcntl, channel->socket, F_SETFL, 0);
    sys(SYS_setsockopt, channel->socket, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    if (connect_to(channel->socket, hook_settings.socket) < 0)
        drop_socket(channel);
    channel->queued = false;
}

static bool send_hello(int fd, const struct handshake_hello *hello, int pipe) {
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control = {0};
    struct iovec part = {.iov_base = (void *)hello, .iov_len = sizeof *hello};
    struct msghdr message = {
        .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = sizeof control.bytes,
    };
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);

    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    __builtin_memcpy(CMSG_DATA(header), &pipe, sizeof pipe);
    return sys(SYS_sendmsg, fd, &message, MSG_NOSIGNAL) == (long)sizeof *hello;
}

static bool begin_pipe(struct channel *channel, const struct handshake_hello *hello, bool large) {
    int ends[2];
    bool sent;

    if (channel->socket < 0 || sys(SYS_pipe2, ends, O_CLOEXEC) < 0)
        return false;
    /* Refused where one user has many of them: then it takes more writes. */
    if (large)
        sys(SYS_fcntl, ends[1], F_SETPIPE_SZ, PIPE_SIZE);
    sys(SYS_fcntl, ends[1], F_SETFL, O_WRONLY | O_NONBLOCK);
    sent = send_hello(channel->socket, hello, ends[0]);
    sys(SYS_close, ends[0]);
    if (!sent) {
        sys(SYS_close, ends[1]);
        return false;
    }
    channel->pipe = ends[1];
    return true;
}

static bool open_file(struct channel *channel, const struct handshake_hello *hello,
                      const struct timespec *now) {
    struct text temporary = text_in(channel->temporary, sizeof channel->temporary);
    struct text final = text_in(channel->final, sizeof channel->final);
    uint64_t time = (uint64_t)now->tv_sec * NANOSECONDS + (uint64_t)now->tv_nsec;
    long directory, file;

    if (hook_settings.drop_dir[0] == '\0')
        return false;
    text_add_number(&final, hello->pid);
    text_add(&final, "-");
    text_add_number(&final, time);
    text_add(&final, ".snapshot");
    text_add(&temporary, ".tmp-");
    text_add_number(&temporary, hello->pid);
    text_add(&temporary, "-");
    text_add_number(&temporary, hello->tid);
    text_add(&temporary, "-");
    text_add_number(&temporary, time);
    directory = sys(SYS_openat, AT_FDCWD, hook_settings.drop_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0)
        return false;
    file = sys(SYS_openat, directory, channel->temporary,
               O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (file < 0) {
        sys(SYS_close, directory);
        return false;
    }
    channel->directory = (int)directory;
    channel->file = (int)file;
    return true;
}

bool channel_begin(struct channel *channel, const struct handshake_hello *hello,
                   const struct timespec *now, bool large) {
    if (begin_pipe(channel, hello, large))
        return true;
    drop_socket(channel);
    return open_file(channel, hello, now);
}

static int milliseconds_until(uint64_t deadline) {
    uint64_t now = now_ns();

    return now >= deadline ? 0 : (int)((deadline - now) / 1000000 + 1);
}

/* Waits until the pipe takes more, or the daemon wants no more. */
static int wait_for_room(struct channel *channel) {
    struct pollfd wait[2] = {
        {.fd = channel->pipe, .events = POLLOUT},
        {.fd = channel->socket, .events = POLLIN},
    };
    int left = milliseconds_until(channel->deadline);
    struct timespec limit = {.tv_sec = left / 1000, .tv_nsec = left % 1000 * 1000000L};
    long ready = left > 0 ? sys(SYS_ppoll, wait, 2, &limit, NULL, SIGSET_SIZE) : 0;

    if (ready == -EINTR)
        return 0;
    if (ready <= 0)
        return -ETIMEDOUT;
    if (wait[1].revents != 0) {
        channel->answered = true;
        return -ECANCELED;
    }
    return 0;
}

static int write_all(struct channel *channel, const uint8_t *data, size_t size) {
    int fd = channel->pipe >= 0 ? channel->pipe : channel->file;

    while (size > 0) {
        long written = sandbox_write(fd, data, size);
        if (written == -EAGAIN && channel->pipe >= 0)
            written = wait_for_room(channel);
        else if (written == -EINTR)
            written = 0;
        if (written < 0)
            return (int)written;
        data += written;
        size -= (size_t)written;
    }
    return 0;
}

int channel_write(void *context, const uint8_t *data, size_t size) {
    struct channel *channel = context;
    char answer;

    if (channel->socket >= 0 &&
        sys(SYS_recvfrom, channel->socket, &answer, 1, MSG_DONTWAIT, NULL, NULL) != -EAGAIN) {
        channel->answered = true;
        return -ECANCELED;
    }
    return write_all(channel, data, size);
}

void channel_close(struct channel *channel) {
    if (channel->socket >= 0) {
        const struct timespec limit = {.tv_nsec = ANSWER_MS * 1000000L};
        struct pollfd wait = {.fd = channel->socket, .events = POLLIN};
        sys(SYS_close, channel->pipe);
        if (!channel->answered)
            sys(SYS_ppoll, &wait, 1, &limit, NULL, SIGSET_SIZE);
        sys(SYS_close, channel->socket);
    }
    if (channel->file >= 0) {
        sys(SYS_close, channel->file);
        if (sys(SYS_renameat2, channel->directory, channel->temporary, channel->directory,
                channel->final, 0) < 0)
            sys(SYS_renameat, channel->directory, channel->temporary, channel->directory,
                channel->final);
        sys(SYS_close, channel->directory);
    }
}

static void join_path(char *path, size_t size, const char *name) {
    struct text text = text_in(path, size);

    text_add(&text, hook_settings.drop_dir);
    text_add(&text, "/");
    text_add(&text, name);
}

void channel_rescue(struct channel *channel) {
    char *from = channel->paths[0], *to = channel->paths[1];

    _Static_assert(sizeof channel->paths[0] >
                       sizeof hook_settings.drop_dir + 1 + sizeof channel->final,
                   "both parts fit");
    if (channel->file < 0 || channel->temporary[0] == '\0')
        return;
    join_path(from, sizeof channel->paths[0], channel->temporary);
    join_path(to, sizeof channel->paths[1], channel->final);
    sys(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}
