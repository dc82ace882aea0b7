/* SPDX-License-Identifier: MIT */
#include "crashd/receiver.h"

#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "crashd/child.h"
#include "crashd/ipc.h"
#include "crashd/parked.h"

enum { PARKED_LOOK_MS = 2 };

static void say(const struct intake *intake, const char *type) {
    ipc_send_new(intake->main, json_pack("{ss}", "type", type));
}

/* False when it is time to end. */
static bool obey(const struct receiver_options *options) {
    BASE_CLEANUP(ipc)
    struct ipc_message message;
    const struct intake *intake = &options->intake;
    if (ipc_receive(intake->main, &message) <= 0 || ipc_is(&message, "stop"))
        return false;
    if (ipc_is(&message, "sweep") && options->drop_dir) {
        quota_accepting(intake->quota, intake->slot);
        intake_drops(intake, options->drop_dir);
        say(intake, "swept");
        quota_release(intake->quota, intake->slot);
    }
    return true;
}

static bool take(void *context, uint32_t uid) {
    const struct intake *intake = context;
    return quota_take(intake->quota, intake->slot, uid);
}

static uint32_t user_of(int connection) {
    struct ucred credentials = {.uid = (uid_t)-1};
    socklen_t size = sizeof credentials;
    getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &credentials, &size);
    return credentials.uid;
}

/* The client that came last, or one that has waited for its turn; -1 if it must wait, or none. */
static int next_client(const struct receiver_options *options, struct parked *parked,
                       int listener) {
    const struct intake *intake = &options->intake;
    if (listener < 0)
        return parked_next(parked, take, (void *)intake);
    int connection = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (connection < 0)
        return -1;
    uint32_t uid = user_of(connection);
    if (take((void *)intake, uid))
        return connection;
    if (!parked_add(parked, connection, uid)) {
        log_warning("uid %u has too many crashes under way: this one is refused", uid);
        close(connection);
    }
    return -1;
}

static void serve(const struct receiver_options *options, struct parked *parked,
                  struct entry *entry, int listener) {
    const struct intake *intake = &options->intake;
    quota_accepting(intake->quota, intake->slot);
    int connection = next_client(options, parked, listener);
    quota_waiting(intake->quota, intake->slot, parked->n);
    if (connection < 0) {
        quota_release(intake->quota, intake->slot);
        return;
    }
    say(intake, "busy");
    intake_client(intake, entry, connection);
    quota_release(intake->quota, intake->slot);
    say(intake, "idle");
}

/* Exclusive: a client wakes one receiver, not all. */
static int watch(const struct receiver_options *options) {
    struct epoll_event main = {.events = EPOLLIN, .data.fd = options->intake.main};
    struct epoll_event listener = {.events = EPOLLIN | EPOLLEXCLUSIVE,
                                   .data.fd = options->listener};
    struct epoll_event abstract = {.events = EPOLLIN | EPOLLEXCLUSIVE,
                                   .data.fd = options->abstract};
    int fd = epoll_create1(EPOLL_CLOEXEC);
    if (fd < 0 || epoll_ctl(fd, EPOLL_CTL_ADD, options->intake.main, &main) < 0 ||
        epoll_ctl(fd, EPOLL_CTL_ADD, options->listener, &listener) < 0 ||
        (options->abstract >= 0 &&
         epoll_ctl(fd, EPOLL_CTL_ADD, options->abstract, &abstract) < 0)) {
        log_error("epoll: %m");
        _exit(1);
    }
    return fd;
}

void receiver_run(const struct receiver_options *options) {
    const struct spool *spool = options->intake.spool;
    /* Keeping one twice does no harm. */
    int abstract = options->abstract >= 0 ? options->abstract : options->listener;
    int keep[] = {options->intake.main, options->listener, abstract,         options->lock,
                  spool->root,          spool->states[0],  spool->states[1], spool->states[2],
                  spool->states[3],     spool->states[4]};
    struct entry entry;
    _Static_assert(SPOOL_STATES == 5, "keep every state");
    child_begin(keep, sizeof keep / sizeof *keep);
    /* For a look at any client's process, as that client (FINDINGS G), and for nothing else. */
    child_drop(CHILD_CAPABILITY(CAP_SYS_PTRACE) | CHILD_CAPABILITY(CAP_DAC_READ_SEARCH) |
               CHILD_CAPABILITY(CAP_DAC_OVERRIDE) | CHILD_CAPABILITY(CAP_SETUID) |
               CHILD_CAPABILITY(CAP_SETGID));
    log_open("crashd: receiver");
    sched_setscheduler(0, SCHED_OTHER, &(const struct sched_param){0});
    struct parked *parked = calloc(1, sizeof *parked);
    if (!parked)
        _exit(1);
    entry_init(&entry);
    int queue = watch(options);
    /* Told to stop, it first serves those that it has let wait. */
    for (bool stopping = false; !stopping || parked->n > 0;) {
        struct epoll_event events[3] = {0};
        int n = 0;
        /* A full disk is told about when a crash comes. */
        entry_prepare(spool, &entry);
        if (stopping)
            usleep(PARKED_LOOK_MS * 1000);
        else
            n = epoll_wait(queue, events, 3, parked->n > 0 ? PARKED_LOOK_MS : -1);
        if (n < 0 && errno != EINTR)
            _exit(1);
        for (int i = 0; i < n && !stopping; i++) {
            if (events[i].data.fd == options->intake.main)
                stopping = !obey(options);
            else
                serve(options, parked, &entry, events[i].data.fd);
        }
        if (parked->n > 0)
            serve(options, parked, &entry, -1);
    }
    entry_remove(spool, &entry);
    _exit(0);
}
