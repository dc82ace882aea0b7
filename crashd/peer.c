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

/* Whether a process and its helper have one memory, by the kernel's word: 1, 0, or -1 where we may
 * not ask. */
static int shares_memory(pid_t helper, pid_t parent) {
    long r = syscall(SYS_kcmp, helper, parent, KCMP_VM, 0, 0);
    if (r >= 0)
        return r == 0;
    return errno == EPERM || errno == ENOSYS || errno == EACCES ? -1 : 0;
}

/* Where we may not ask: randomized addresses; equal ones are one memory or its copy by fork, and
 * the number of a parent that has one cannot have been reused. */
static bool looks_same(int helper, int parent, pid_t parent_pid) {
    struct proc_status now;
    struct proc_stat x, y;
    BASE_CLEANUP(free)
    char *a = proc_link(helper, "exe");
    BASE_CLEANUP(free)
    char *b = proc_link(parent, "exe");
    return a && b && strcmp(a, b) == 0 && proc_stat(helper, &x) == 0 &&
           proc_stat(parent, &y) == 0 && x.start_stack != 0 && x.start_stack == y.start_stack &&
           x.start_code == y.start_code && proc_status(helper, &now) == 0 &&
           now.parent == parent_pid;
}

static const char *identify(int connection, bool helper, pid_t pid, struct peer *peer) {
    struct proc_status mine;
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
    /* A number that was reused meanwhile would belong to another memory. */
    int same = shares_memory(pid, mine.parent);
    if (same == 0 || (same < 0 && !looks_same(process, dying, mine.parent)))
        return "its parent has another memory";
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
