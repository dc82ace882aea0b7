/* SPDX-License-Identifier: MIT */
/* One snapshot in the making. */
#ifndef LIBCRASHHOOK_CAPTURE_H
#define LIBCRASHHOOK_CAPTURE_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "libcrashhook/arena.h"
#include "libcrashhook/channel.h"
#include "libcrashhook/guard.h"
#include "libcrashhook/helper.h"
#include "libcrashhook/maps.h"
#include "libcrashhook/memory.h"
#include "libcrashhook/modules.h"
#include "libcrashhook/procfs.h"
#include "libcrashhook/threads.h"
#include "snapshot/writer.h"

enum { CAPTURE_BUDGET = 8 * 1024 * 1024 };

struct capture {
    struct report_request request;
    struct arena arena;
    struct guard guard;
    int pid; /* of the dying process */
    bool in_helper;
    struct timespec time, uptime, began;
    char proc[PROCFS_PATH_SIZE];
    /* Raised privileges or not dumpable: registers only, nothing of what is in memory. */
    bool secret;
    int dumpable;

    struct threads threads;
    struct memory memory;
    struct maps maps;
    struct modules modules;
    struct channel channel;
    struct handshake_hello hello;
    struct snapshot_writer writer;
    uint8_t *scratch; /* CAPTURE_SCRATCH_SIZE bytes, for whoever is at work */

    uint64_t dropped_memory;
    uint32_t dropped_threads;
    const char *note;
};

enum { CAPTURE_SCRATCH_SIZE = 16 * 1024 };

/* Async-signal-safe, all that follows. */
void capture_run(struct capture *capture);
/* A section of memory; what does not fit into the budget is counted. Returns the bytes written. */
size_t capture_memory(struct capture *capture, enum snapshot_memory_kind kind, int tid,
                      uint64_t address, uint64_t size);
/* May so many more bytes be written? */
bool capture_has_room(const struct capture *capture, uint64_t size);
void capture_string(struct capture *capture, unsigned key, const char *text);

#endif
