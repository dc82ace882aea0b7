/* SPDX-License-Identifier: MIT */
/* A worker's cage: what it reads was written by whoever crashed. */
#ifndef CRASHD_SANDBOX_H
#define CRASHD_SANDBOX_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct sandbox {
    bool switch_user; /* root's workers become uid:gid; others stay who they are */
    uid_t uid;
    gid_t gid;
    int indexes;         /* a directory that it may read; 0: none */
    uint64_t index_size; /* of one that makes an index: how large it may be; else 0 */
};

/* For good: no privileges, no writing, no new programs, no network, no other processes, bounded
 * memory. 0, or negative errno (logged): then nothing may be read. */
int sandbox_enter(const struct sandbox *sandbox);

#endif
