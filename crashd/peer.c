/* SPDX-License-Identifier: MIT */
#include "crashd/peer.h"

#include <errno.h>
#include <linux/kcmp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "crashd/proc.h"

/* Linux 6.5; the headers of Debian 12 do not have it. */
#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

/* The kernel's own reference where there is one; else the number is looked up again, and the
 * caller compares owners, since it may belong to somebody else by now. */
static int open_holder(int connection, pid_t pid) {
#ifndef CRASHD_OLD_KERNEL
    int fd;
    socklen_t size = sizeof fd;
    if (getsockopt(connection, SOL_SOCKET, SO_PEERPIDFD, &fd, &size) == 0)
        return fd;
#endif
    return (int)syscall(SYS_pidfd_open, pid, 0);
}

bool peer_still_there(const struct peer *peer) {
    /* Without CAP_KILL a process of another user may not be signalled, but it is there. */
    return peer->holder >= 0 &&
           (syscall(SYS_pidfd_send_signal, peer->holder, 0, NULL, 0) == 0 || errno == EPERM);
}

/* A process and its helper share one memory. */
static bool same_memory(pid_t helper, int helper_process, pid_t parent, int parent_process) {
    long r = syscall(SYS_kcmp, helper, parent, KCMP_VM, 0, 0);
    if (r >= 0)
        return r == 0;
    if (errno != EPERM && errno != ENOSYS && errno != EACCES)
        return false;
    BASE_CLEANUP(free)
    char *a = proc_link(helper_process, "exe");
    BASE_CLEANUP(free)
    char *b = proc_link(parent_process, "exe");
    struct proc_stat x, y;
    /* Randomized addresses: equal ones are one memory or its copy by fork. */
    return a && b && strcmp(a, b) == 0 && proc_stat(helper_process, &x) == 0 &&
           proc_stat(parent_process, &y) == 0 && x.start_stack != 0 &&
           x.start_stack == y.start_stack && x.start_code == y.start_code;
}

static const char *identify(int connection, bool helper, pid_t pid, struct peer *peer) {
    struct proc_status mine, now;
    if (pid <= 0)
        return "its process is not visible from here";
    peer->holder = open_holder(connection, pid);
    if (peer->holder < 0)
        return "it is gone";
    BASE_CLEANUP(close)
    int process = proc_open(pid);
    if (process < 0 || !peer_still_there(peer) || proc_status(process, &mine) < 0)
        return "it is gone";
    if (mine.uids[1] != peer->uid)
        return "it has changed its user";
    if (!helper) {
        peer->pid = pid;
        peer->status = mine;
        peer->process = TAKE_FD(process);
        return NULL;
    }
    BASE_CLEANUP(close)
    int dying = proc_open(mine.parent);
    if (dying < 0 || proc_status(dying, &peer->status) < 0)
        return "its parent is not visible from here";
    if (memcmp(mine.uids, peer->status.uids, sizeof mine.uids) != 0)
        return "its parent has another user";
    peer->pid = mine.parent;
    if (!same_memory(pid, process, mine.parent, dying))
        return "its parent has another memory";
    /* Still its child: the parent's number cannot have been reused between. */
    if (proc_status(process, &now) < 0 || now.parent != mine.parent)
        return "its parent is gone";
    peer->process = TAKE_FD(dying);
    return NULL;
}

void peer_identify(int connection, bool helper, struct peer *ret) {
    struct ucred credentials = {.uid = (uid_t)-1, .gid = (gid_t)-1};
    socklen_t size = sizeof credentials;
    *ret = PEER_NONE;
    getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &credentials, &size);
    ret->uid = credentials.uid;
    ret->gid = credentials.gid;
    ret->doubt = identify(connection, helper, credentials.pid, ret);
    ret->identified = !ret->doubt;
}

void peer_wait(const struct peer *peer, int milliseconds) {
    struct pollfd wait = {.fd = peer->dying >= 0 ? peer->dying : peer->holder, .events = POLLIN};
    poll(&wait, 1, milliseconds);
}

void peer_clear(struct peer *peer) {
    cleanup_close(&peer->process);
    cleanup_close(&peer->holder);
    cleanup_close(&peer->dying);
    peer->process = peer->holder = peer->dying = -1;
}
