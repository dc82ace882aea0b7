/* SPDX-License-Identifier: MIT */
#include "crashd/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"
#include "snapshot/handshake.h"

enum { BACKLOG = 4096 };

char *listen_path(const char *option, const char *state_path) {
    char *path = NULL;
    const char *variable = getenv("CRASHD_SOCKET"), *runtime = getenv("XDG_RUNTIME_DIR");
    if (!text_empty(option))
        return strdup(option);
    if (!text_empty(variable))
        return strdup(variable);
    if (geteuid() == 0)
        return strdup("/run/crashd/hook.sock");
    int n = text_empty(runtime) ? asprintf(&path, "%s/hook.sock", state_path)
                                : asprintf(&path, "%s/crashd/hook.sock", runtime);
    return n < 0 ? NULL : path;
}

/* The directory, opened: a socket's address holds 108 bytes only, its directory may be deeper. */
static int open_parent(const char *path) {
    BASE_CLEANUP(free)
    char *parent = strdup(path);
    if (!parent)
        return -ENOMEM;
    char *slash = strrchr(parent, '/');
    if (!slash)
        return open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    *slash = '\0';
    if (slash == parent)
        return open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (mkdir(parent, 0755) < 0 && errno != EEXIST && errno != EROFS && errno != ENOENT)
        return -errno;
    int fd = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

static int bind_below(int parent, const char *name) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int n =
        snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/%s", parent, name);
    if (n < 0 || (size_t)n >= sizeof address.sun_path)
        return -ENAMETOOLONG;
    BASE_CLEANUP(close)
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0) {
        struct stat st;
        if (errno != EADDRINUSE)
            return -errno;
        BASE_CLEANUP(close)
        int probe = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISSOCK(st.st_mode))
            return -EEXIST;
        if (connect(probe, (struct sockaddr *)&address, sizeof address) == 0 ||
            errno != ECONNREFUSED)
            return -EADDRINUSE;
        if (unlinkat(parent, name, 0) < 0 ||
            bind(fd, (struct sockaddr *)&address, sizeof address) < 0)
            return -errno;
    }
    /* Any user's processes crash. */
    if (fchmodat(parent, name, 0666, 0) < 0 || listen(fd, BACKLOG) < 0)
        return -errno;
    return TAKE_FD(fd);
}

int listen_open(const char *path) {
    BASE_CLEANUP(close)
    int parent = open_parent(path);
    int fd = parent < 0 ? parent : bind_below(parent, text_basename(path));
    if (fd == -EADDRINUSE)
        log_error("%s: another crashd answers there: stop that one, or use --socket", path);
    else if (fd < 0)
        log_error("%s: %s: use another path with --socket", path, strerror(-fd));
    return fd;
}

int listen_abstract(const char *run_id) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int n = snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "%s%s%s",
                     HANDSHAKE_ABSTRACT_NAME, run_id ? "/" : "", run_id ? run_id : "");
    if (!run_id && geteuid() != 0)
        return -1;
    BASE_CLEANUP(close)
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 ||
        bind(fd, (struct sockaddr *)&address,
             (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n)) < 0 ||
        listen(fd, BACKLOG) < 0) {
        log_info("@%s: %m: crashes of processes that have changed their root are not seen",
                 address.sun_path + 1);
        return -1;
    }
    return TAKE_FD(fd);
}

int listen_inherited(void) {
    int n = sd_listen_fds(1);
    for (int i = 0; i < n; i++)
        if (sd_is_socket(SD_LISTEN_FDS_START + i, AF_UNIX, SOCK_SEQPACKET, 1) > 0)
            return SD_LISTEN_FDS_START + i;
    return -ENOENT;
}
