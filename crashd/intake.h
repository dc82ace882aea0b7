/* SPDX-License-Identifier: MIT */
/* One snapshot into the spool: from a client's pipe, or from a file that a hook left. */
#ifndef CRASHD_INTAKE_H
#define CRASHD_INTAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crashd/entry.h"
#include "crashd/quota.h"
#include "crashd/spool.h"

struct intake {
    const struct spool *spool;
    struct quota *quota;
    size_t slot;
    int main; /* where "captured" goes */
    uint64_t snapshot_max;
    const char *run_id; /* only clients that know it are served; NULL: all */
};

enum { INTAKE_SECONDS = 10 };

/* Serves a connection and closes it. What comes goes into the entry, which is made if there is none
 * and has moved on afterwards; it stays for the next client if nothing came. */
void intake_client(const struct intake *intake, struct entry *entry, int connection);
/* Takes all complete files out of a drop directory. */
void intake_drops(const struct intake *intake, const char *directory);

#endif
