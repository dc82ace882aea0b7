/* SPDX-License-Identifier: MIT */
/* Who is at the other end, by the kernel's word: never by the client's. */
#ifndef CRASHD_PEER_H
#define CRASHD_PEER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "crashd/proc.h"

struct peer {
    uint32_t uid, gid; /* of the connection; always known */
    bool identified;   /* the rest is known; else the snapshot alone tells about the process */
    const char *doubt; /* why not, a static text */
    pid_t pid;         /* the process that dies; in doubt the parent of the peer, or 0 */
    struct proc_status status;
    int process; /* its /proc directory, one descriptor for all reads; -1 */
    int holder;  /* pidfd of the peer; -1 */
    int dying;   /* and of the process that dies; -1 where there is none */
};

#define PEER_NONE ((struct peer){.process = -1, .holder = -1, .dying = -1})

/* helper: the peer says that it is the capture helper and its parent is the dying process. */
void peer_identify(int connection, bool helper, struct peer *ret);
/* Whether the peer has been there all the time, so that what was read is about it. */
bool peer_still_there(const struct peer *peer);
/* Waits until the process has died, but not for long. */
void peer_wait(const struct peer *peer, int milliseconds);
void peer_clear(struct peer *peer);

static inline void cleanup_peer(struct peer *peer) {
    peer_clear(peer);
}

#endif
