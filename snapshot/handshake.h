/* SPDX-License-Identifier: MIT */
/*
 * What the hook and the daemon say to each other before and after the snapshot, over an AF_UNIX
 * SOCK_SEQPACKET connection:
 *
 *   hook    one struct handshake_hello, with the read end of a pipe in SCM_RIGHTS
 *   hook    writes the snapshot into the pipe and closes it
 *   daemon  one byte, a handshake_answer, at any time; the hook stops at once when it comes
 *
 * Both sides read min(size they know, size they got) of the hello, so that old hooks and new
 * daemons understand each other: fields are only ever added at the end. Nothing in it is believed
 * about who died; that is the kernel's word. Native byte order: both ends are one machine.
 */
#ifndef SNAPSHOT_HANDSHAKE_H
#define SNAPSHOT_HANDSHAKE_H

#include <stdint.h>

#define HANDSHAKE_MAGIC "CRSHHOOK"
/* In the abstract namespace, where the socket's path is out of reach; "/" and the run's id behind
 * it for the daemon of a run. Hooks tell it nothing unless root or their own user listens. */
#define HANDSHAKE_ABSTRACT_NAME "crashd/hook"

enum { HANDSHAKE_VERSION = 1, HANDSHAKE_RUN_ID_SIZE = 32, HANDSHAKE_HELLO_MIN = 48 };

enum {
    HANDSHAKE_FLAG_SECURE = 1, /* AT_SECURE or not dumpable: for root's eyes only */
    HANDSHAKE_FLAG_HELPER = 2, /* the peer is the capture helper, its parent is the dying process */
    HANDSHAKE_FLAG_PROXY_DEATH = 4, /* may be a copy of a child's death: self-sent, not dumpable,
                                       not by abort() */
};

struct handshake_hello {
    char magic[8];
    uint16_t version;
    uint16_t size; /* of this struct as sent, bytes */
    uint32_t flags;
    uint32_t pid, tid; /* of the dying thread, in its own pid namespace: a hint for the log */
    uint32_t signal;
    uint32_t threads;
    uint64_t budget;    /* upper bound of the snapshot, bytes */
    uint64_t storm_key; /* equal for equal crashes: signal, build-id and offset of the first return
                           addresses */
    char run_id[HANDSHAKE_RUN_ID_SIZE]; /* CRASHD_RUN_ID, zero-padded; all zero if not set */
};

enum handshake_answer {
    HANDSHAKE_STORED = 'S',  /* safe on disk: die */
    HANDSHAKE_COUNTED = 'C', /* one of many, counted, no snapshot wanted: die */
    HANDSHAKE_REFUSED =
        'R', /* not taken (full disk, quota): die; the reason is in the daemon's log */
};

#endif
