/* SPDX-License-Identifier: MIT */
/* The store process: takes results, owns store.db, answers on the control socket. */
#ifndef CRASHD_STORE_H
#define CRASHD_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "crashd/spool.h"

struct store_options {
    const struct spool *spool;
    int main, lock;
    const char *state_path, *socket_path;
    bool private_run; /* no control socket */
    uint64_t retention_days, retention_count;
};

/* In a forked child: until main is gone. */
_Noreturn void store_run(const struct store_options *options);

#endif
