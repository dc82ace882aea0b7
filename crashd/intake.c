/* SPDX-License-Identifier: MIT */
#include "crashd/intake.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "crashd/facts.h"
#include "crashd/hello.h"
#include "crashd/ipc.h"
#include "crashd/modules.h"
#include "crashd/peer.h"
#include "snapshot/handshake.h"

static const uint64_t SECOND = 1000000000;

enum { PIPE_SIZE = 1 << 20, DISK_MIN = 256 << 10, DEATH_MS = 100 };

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
static void make_durable(const struct intake *intake, const struct entry *entry) {
    if (intake->run_id)
        return;
    fsync(entry->snapshot);
    fsync(entry->facts);
    fsync(entry->directory);
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

/* What is known of a client when its hello comes. */
struct client {
    int connection;
    struct peer peer;
    struct modules_view view;
    json_t *facts;
};

static void cleanup_client(struct client *client) {
    peer_clear(&client->peer);
    modules_view_clear(&client->view);
    json_decref(client->facts);
}

/* Looks at the process; false where there is no memory for it. */
static bool look(struct client *client, const char *id, bool helper) {
    peer_clear(&client->peer);
    modules_view_clear(&client->view);
    json_decref(client->facts);
    peer_identify(client->connection, helper, &client->peer);
    client->facts = facts_collect(id, &client->peer);
    if (client->peer.identified)
        modules_view(&client->peer, &client->view);
    return client->facts != NULL;
}

static bool may_come(const struct intake *intake, const struct client *client,
                     const struct handshake_hello *hello, uint64_t *limit) {
    uint32_t uid = client->peer.uid;
    if (!right_run(intake, hello)) {
        log_warning("a crash of pid %d (uid %u) belongs to another run: refused",
                    (int)client->peer.pid, uid);
        return false;
    }
    *limit = room_for(intake, hello->budget ? hello->budget : intake->snapshot_max);
    if (*limit == 0)
        log_error("the disk of the state directory is full: a crash of uid %u is refused; make "
                  "room, or lower retention-count",
                  uid);
    return *limit > 0;
}

static int add_facts(const struct intake *intake, struct client *client, const char *id,
                     const struct handshake_hello *hello) {
    struct peer *peer = &client->peer;
    if (!peer->identified) {
        log_info("who crashed is not certain (%s): only the snapshot of %s is used", peer->doubt,
                 id);
    } else if (!peer_still_there(peer)) {
        /* What was read may be about its successor. */
        json_decref(client->facts);
        modules_view_clear(&client->view);
        client->facts = facts_unknown(id, peer->uid, peer->gid);
        if (!client->facts)
            return -ENOMEM;
    }
    json_object_set_new(client->facts, "tid", json_integer(hello->tid));
    add_death(client->facts, peer, hello);
    if (hello->flags & HANDSHAKE_FLAG_SECURE)
        json_object_set_new(client->facts, "secure", json_true());
    if (intake->run_id)
        json_object_set_new(client->facts, "run_id", json_string(intake->run_id));
    return 0;
}

static int keep(const struct intake *intake, struct entry *entry, struct client *client,
                const struct handshake_hello *hello, int source, uint64_t limit) {
    uint64_t size = 0;
    bool cut = false;
    int r = entry_prepare(intake->spool, entry);
    if (r == 0)
        r = add_facts(intake, client, entry->id, hello);
    /* Before the snapshot: the process is still at work on it, and nothing but the snapshot has to
     * be waited for then. Whatever has come of it is taken up again after a kill. */
    if (r == 0)
        r = entry_write_facts(entry, client->facts);
    if (r == 0)
        r = copy_snapshot(source, entry->snapshot, limit, &size, &cut);
    if (r == 0 && size == 0)
        r = -ENODATA;
    if (r == 0 && cut) {
        json_object_set_new(client->facts, "incomplete", json_true());
        entry_write_facts(entry, client->facts);
    }
    if (r == -ENODATA)
        log_info("a client of uid %u left without a snapshot", client->peer.uid);
    else if (r < 0)
        log_error("a crash of uid %u could not be kept: %s", client->peer.uid, strerror(-r));
    if (r < 0)
        entry_remove(intake->spool, entry);
    return r;
}

static void answer(const struct client *client, enum handshake_answer verdict) {
    char byte = (char)verdict;
    if (send(client->connection, &byte, 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
        log_debug("pid %d did not wait for the answer", (int)client->peer.pid);
}

/* The process need not wait for its files to be opened: what is needed of it is held. */
static void hand_over(const struct intake *intake, struct client *client) {
    int fds[MODULES_MAX];
    BASE_CLEANUP(json)
    json_t *paths = json_array();
    size_t n_fds = 0;
    if (paths && client->peer.identified)
        n_fds = modules_open(&client->view, &client->peer.status,
                             ipc_flag(client->facts, "foreign_root"), paths, fds);
    /* A worker that begins now would take the processor from a process that is being reaped. */
    if (client->peer.identified)
        peer_wait(&client->peer, DEATH_MS);
    tell_main(intake, client->facts, paths, fds, n_fds);
    for (size_t i = 0; i < n_fds; i++)
        close(fds[i]);
}

void intake_client(const struct intake *intake, struct entry *entry, int connection) {
    struct handshake_hello hello;
    uint64_t limit;
    BASE_CLEANUP(close)
    int owned = connection;
    BASE_CLEANUP(close)
    int source = -1;
    BASE_CLEANUP(client)
    struct client client = {
        .connection = connection, .peer = PEER_NONE, .view = {.exe = -1, .root = -1}};
    /* All this while the process is still looking at itself. */
    bool looked = entry_prepare(intake->spool, entry) == 0 && look(&client, entry->id, true);
    int r = hello_receive(connection, &hello, &source);
    if (r == -ENODATA)
        return;
    if (r < 0) {
        log_info("a client that is no crashing process was turned away: %s", strerror(-r));
        return;
    }
    fcntl(source, F_SETFL, O_NONBLOCK);
    if (!looked || !(hello.flags & HANDSHAKE_FLAG_HELPER))
        looked = look(&client, entry->id, hello.flags & HANDSHAKE_FLAG_HELPER);
    if (!looked || !may_come(intake, &client, &hello, &limit) ||
        keep(intake, entry, &client, &hello, source, limit) < 0) {
        answer(&client, HANDSHAKE_REFUSED);
        return;
    }
    answer(&client, HANDSHAKE_STORED);
    r = entry_publish(intake->spool, entry);
    if (r < 0)
        log_error("%s could not be moved to captured/ (%s): it is taken up at the next start",
                  entry->id, strerror(-r));
    else
        hand_over(intake, &client);
    make_durable(intake, entry);
    entry_close(entry);
}
