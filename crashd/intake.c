/* SPDX-License-Identifier: MIT */
#include "crashd/intake.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/hex.h"
#include "base/log.h"
#include "crashd/facts.h"
#include "crashd/ipc.h"
#include "crashd/modules.h"
#include "crashd/peer.h"
#include "snapshot/handshake.h"

static const uint64_t SECOND = 1000000000;

enum { PIPE_SIZE = 1 << 20, DISK_MIN = 256 << 10, HELLO_FDS = 8 };

/* The hello and the pipe that comes with it; further descriptors are closed. */
static int receive_hello(int connection, struct handshake_hello *hello, int *pipe) {
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(HELLO_FDS * sizeof(int))];
    } control;
    struct iovec part = {hello, sizeof *hello};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.room,
                             .msg_controllen = sizeof control.room};
    struct timeval patience = {.tv_sec = 2};
    *pipe = -1;
    memset(hello, 0, sizeof *hello);
    setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    ssize_t n = recvmsg(connection, &message, MSG_CMSG_CLOEXEC);
    if (n < 0)
        return -errno;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        for (size_t i = 0; i < (c->cmsg_len - CMSG_LEN(0)) / sizeof(int); i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
            if (*pipe < 0)
                *pipe = fd;
            else
                close(fd);
        }
    }
    struct stat st;
    if (n == 0)
        return -ENODATA;
    if (n < HANDSHAKE_HELLO_MIN || memcmp(hello->magic, HANDSHAKE_MAGIC, 8) != 0 || *pipe < 0 ||
        fstat(*pipe, &st) < 0 || !S_ISFIFO(st.st_mode))
        return -EBADMSG;
    return 0;
}

/* How long a snapshot may become: a full disk shortens new ones, so that queued ones have room. */
static uint64_t room_for(const struct intake *intake, uint64_t wanted) {
    struct statvfs fs;
    uint64_t limit = wanted < intake->snapshot_max ? wanted : intake->snapshot_max;
    if (fstatvfs(intake->spool->root, &fs) == 0) {
        uint64_t available = (uint64_t)fs.f_bavail * fs.f_frsize;
        if (available < DISK_MIN || (fs.f_files != 0 && fs.f_favail == 0))
            return 0;
        if (limit > available / 4)
            limit = available / 4;
    }
    return limit;
}

static ssize_t move_bytes(int from, int to, size_t size) {
    ssize_t n = splice(from, NULL, to, NULL, size, SPLICE_F_MOVE);
    if (n >= 0 || errno != EINVAL)
        return n;
    char buffer[1 << 16];
    n = read(from, buffer, size < sizeof buffer ? size : sizeof buffer);
    for (ssize_t done = 0; done < n;) {
        ssize_t m = write(to, buffer + done, (size_t)(n - done));
        if (m < 0)
            return -1;
        done += m;
    }
    return n;
}

/* Copies to the end of from. *size is what arrived, *cut whether there was more or the source
 * stopped coming. 0, or negative errno when nothing could be written. */
static int copy_snapshot(int from, int to, uint64_t limit, uint64_t *size, bool *cut) {
    uint64_t deadline = clock_monotonic() + (INTAKE_SECONDS - 2) * SECOND;
    *size = 0;
    *cut = false;
    for (;;) {
        uint64_t now = clock_monotonic();
        struct pollfd wait = {.fd = from, .events = POLLIN};
        if (*size >= limit || now >= deadline) {
            *cut = true;
            return 0;
        }
        if (poll(&wait, 1, (int)((deadline - now) / 1000000 + 1)) <= 0)
            continue;
        uint64_t rest = limit - *size;
        ssize_t n = move_bytes(from, to, rest < PIPE_SIZE ? rest : PIPE_SIZE);
        if (n == 0)
            return 0;
        if (n > 0) {
            *size += (uint64_t)n;
        } else if (errno != EAGAIN && errno != EINTR) {
            *cut = true;
            return *size > 0 ? 0 : -errno;
        }
    }
}

/* Completes an entry; where the disk is full for the facts the snapshot gives up half of itself. */
static int finish_entry(const struct intake *intake, const char *id, int entry, int file,
                        json_t *facts, uint64_t size, bool cut) {
    json_object_set_new(facts, "snapshot_bytes", json_integer((json_int_t)size));
    json_object_set_new(facts, "incomplete", json_boolean(cut));
    int r = spool_write_json(entry, "facts.json", facts);
    if (r == -ENOSPC && size > 1 && ftruncate(file, (off_t)(size / 2)) == 0) {
        json_object_set_new(facts, "snapshot_bytes", json_integer((json_int_t)(size / 2)));
        json_object_set_new(facts, "incomplete", json_true());
        r = spool_write_json(entry, "facts.json", facts);
    }
    return r < 0 ? r : spool_move(intake->spool, id, SPOOL_INCOMING, SPOOL_CAPTURED);
}

static void tell_main(const struct intake *intake, const json_t *facts, json_t *paths,
                      const int *fds, size_t n_fds) {
    BASE_CLEANUP(json)
    json_t *message = json_pack(
        "{ss ss sI sI sO? sO}", "type", "captured", "id", ipc_text(facts, "event_id"), "uid",
        (json_int_t)ipc_number(facts, "uid"), "time", (json_int_t)ipc_number(facts, "time"),
        "death", json_object_get(facts, "death"), "modules", paths);
    /* Main scans the spool when it starts: a lost message delays, it loses nothing. */
    if (!message || ipc_send(intake->main, message, fds, n_fds, true) < 0)
        log_warning("%s is kept, but crashd could not be told: it is reported after a restart",
                    ipc_text(facts, "event_id"));
}

/* After the answer: up to here kill -9 is survived, from here on loss of power too. */
static void make_durable(const struct intake *intake, int entry, int file) {
    if (intake->run_id)
        return;
    fsync(file);
    BASE_CLEANUP(close)
    int facts = openat(entry, "facts.json", O_RDONLY | O_CLOEXEC);
    if (facts >= 0)
        fsync(facts);
    fsync(entry);
    fsync(intake->spool->states[SPOOL_CAPTURED]);
}

static bool right_run(const struct intake *intake, const struct handshake_hello *hello) {
    return !intake->run_id || (strlen(intake->run_id) == HANDSHAKE_RUN_ID_SIZE &&
                               memcmp(hello->run_id, intake->run_id, HANDSHAKE_RUN_ID_SIZE) == 0);
}

/* What tells a copied death: pids by the kernel's word, so that nobody can disown another's. */
static void add_death(json_t *facts, const struct peer *peer, const struct handshake_hello *hello) {
    json_object_set_new(facts, "death",
                        json_pack("{sI sI sI sb}", "pid", (json_int_t)peer->pid, "parent",
                                  (json_int_t)ipc_number(facts, "ppid"), "signal",
                                  (json_int_t)hello->signal, "may_be_copy",
                                  (hello->flags & HANDSHAKE_FLAG_PROXY_DEATH) != 0));
}

static enum handshake_answer take_snapshot(const struct intake *intake,
                                           const struct handshake_hello *hello, int connection,
                                           int source) {
    char id[SPOOL_ID_SIZE];
    int fds[MODULES_MAX];
    size_t n_fds = 0;
    uint64_t size = 0;
    bool cut = false;
    BASE_CLEANUP(peer)
    struct peer peer;
    BASE_CLEANUP(json)
    json_t *facts = NULL;
    BASE_CLEANUP(json)
    json_t *paths = json_array();
    BASE_CLEANUP(close)
    int entry = -1;
    BASE_CLEANUP(close)
    int file = -1;

    peer_identify(connection, hello->flags & HANDSHAKE_FLAG_HELPER, &peer);
    if (!right_run(intake, hello)) {
        log_warning("a crash of pid %d (uid %u) belongs to another run: refused", (int)peer.pid,
                    peer.uid);
        return HANDSHAKE_REFUSED;
    }
    uint64_t limit = room_for(intake, hello->budget ? hello->budget : intake->snapshot_max);
    if (limit == 0) {
        log_error("the disk of the state directory is full: a crash of uid %u is refused; make "
                  "room, or lower retention-count",
                  peer.uid);
        return HANDSHAKE_REFUSED;
    }
    if (hex_uuid(id) < 0)
        return HANDSHAKE_REFUSED;
    int r = entry = spool_create(intake->spool, id);
    if (r >= 0)
        r = file = openat(entry, "snapshot", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (r >= 0) {
        facts = facts_collect(id, &peer);
        r = facts && paths ? 0 : -ENOMEM;
    }
    if (r >= 0 && peer.identified) {
        n_fds = modules_open(peer.process, ipc_flag(facts, "foreign_root"), paths, fds);
        if (!peer_still_there(&peer)) {
            /* What was read may be about its successor. */
            json_decref(facts);
            facts = facts_unknown(id, peer.uid, peer.gid);
            r = facts ? 0 : -ENOMEM;
        }
    } else if (r >= 0) {
        log_info("who crashed is not certain (%s): only the snapshot of %s is used", peer.doubt,
                 id);
    }
    if (r >= 0) {
        json_object_set_new(facts, "tid", json_integer(hello->tid));
        add_death(facts, &peer, hello);
        if (hello->flags & HANDSHAKE_FLAG_SECURE)
            json_object_set_new(facts, "secure", json_true());
        if (intake->run_id)
            json_object_set_new(facts, "run_id", json_string(intake->run_id));
        r = copy_snapshot(source, file, limit, &size, &cut);
    }
    if (r >= 0)
        r = size > 0 ? finish_entry(intake, id, entry, file, facts, size, cut) : -ENODATA;
    if (r < 0) {
        if (r == -ENODATA)
            log_info("a client of uid %u left without a snapshot", peer.uid);
        else
            log_error("a crash of uid %u could not be kept: %s", peer.uid, strerror(-r));
        spool_remove(intake->spool, SPOOL_INCOMING, id);
    } else {
        char answer = HANDSHAKE_STORED;
        if (send(connection, &answer, 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
            log_debug("%s did not wait for the answer", id);
        tell_main(intake, facts, paths, fds, n_fds);
        make_durable(intake, entry, file);
    }
    for (size_t i = 0; i < n_fds; i++)
        close(fds[i]);
    return r < 0 ? HANDSHAKE_REFUSED : HANDSHAKE_STORED;
}

void intake_client(const struct intake *intake, int connection) {
    struct handshake_hello hello;
    BASE_CLEANUP(close)
    int owned = connection;
    BASE_CLEANUP(close)
    int source = -1;
    int r = receive_hello(connection, &hello, &source);
    if (r == -ENODATA)
        return;
    if (r < 0) {
        log_info("a client that is no crashing process was turned away: %s", strerror(-r));
        return;
    }
    /* More of the snapshot is under way while the process is looked at. */
    fcntl(source, F_SETPIPE_SZ, PIPE_SIZE);
    fcntl(source, F_SETFL, O_NONBLOCK);
    char answer = (char)take_snapshot(intake, &hello, connection, source);
    if (answer != HANDSHAKE_STORED)
        send(connection, &answer, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}
