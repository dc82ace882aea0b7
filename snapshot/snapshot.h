/* SPDX-License-Identifier: MIT */
/*
 * A dead process as data: what the reader makes of a snapshot. The fields are explained in
 * fields.h. Every string ends in NUL and is never NULL ("" when the snapshot does not have it);
 * everything is owned by the snapshot and lives until snapshot_free().
 */
#ifndef SNAPSHOT_SNAPSHOT_H
#define SNAPSHOT_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "snapshot/fields.h"

struct snapshot_process {
    bool present;
    uint32_t pid, ppid, uid, euid, gid, egid;
    const char *exe, *comm, *cwd, *libc;
    const char **args;
    size_t n_args;
    uint64_t start;
    bool secure;
    uint32_t dumpable, tracer, threads;
};

struct snapshot_signal {
    bool present;
    int number, code, errnum, final_number;
    uint64_t address;
    uint32_t sender_pid, sender_uid;
    const char *sender_comm;
    bool has_trap; /* trapno, err and cr2 are set */
    uint64_t trapno, err, cr2;
    uint32_t syscall;
};

struct snapshot_thread {
    uint32_t tid;
    const char *name;
    bool crashed;
    const char *state;
    uint64_t registers[SNAPSHOT_REGISTER_COUNT];
    uint64_t known; /* bit n: registers[n] is known */
    const char *missing;
    bool has_syscall;
    uint32_t syscall;
    uint64_t stack_limit;
    const uint8_t *vectors; /* SNAPSHOT_VECTORS of SNAPSHOT_VECTOR_SIZE bytes, NULL if unknown */
};

struct snapshot_memory {
    uint64_t address;
    enum snapshot_memory_kind kind;
    uint32_t tid;
    const uint8_t *bytes;
    size_t size;
};

struct snapshot_module {
    const char *path; /* " (deleted)" removed, flags has SNAPSHOT_MODULE_DELETED instead */
    uint64_t base, end, bias, device, inode;
    const uint8_t *build_id;
    size_t build_id_size;
    unsigned flags;
    const char *package_note;
};

struct snapshot_mapping {
    uint64_t start, end, offset, inode;
    unsigned prot;
    const char *path;
};

struct snapshot_pair {
    const char *name, *value;
};

struct snapshot_breadcrumb {
    uint64_t time;
    const char *level, *category, *message;
    struct snapshot_pair *data;
    size_t n_data;
};

struct snapshot_context {
    const char *name;
    struct snapshot_pair *values;
    size_t n_values;
};

struct snapshot {
    uint32_t version;
    const char *writer, *arch;
    uint64_t time, uptime, page_size;
    bool cause_first;
    bool handled;
    uint32_t exit_status;

    struct snapshot_process process;
    struct snapshot_signal signal;
    struct snapshot_thread *threads; /* the crashed one first, if there is one */
    size_t n_threads;
    struct snapshot_memory *memory; /* sorted by address */
    size_t n_memory;
    struct snapshot_module *modules; /* sorted by base */
    size_t n_modules;
    struct snapshot_mapping *mappings; /* sorted by start */
    size_t n_mappings;
    const char *abort_text;
    struct {
        bool present;
        const char *type, *what;
        bool caught;
        uint32_t uncaught;
    } exception;
    struct {
        bool present;
        const char *name, *kind, *text;
    } sanitizer;
    struct snapshot_pair *environment;
    size_t n_environment;
    struct {
        const char *release, *environment;
        struct snapshot_pair *tags, *user;
        size_t n_tags, n_user;
        const char **fingerprint;
        size_t n_fingerprint;
    } scope;
    struct snapshot_breadcrumb *breadcrumbs; /* oldest first */
    size_t n_breadcrumbs;
    struct snapshot_context *contexts;
    size_t n_contexts;

    bool complete;  /* the end section was there */
    uint64_t pause; /* nanoseconds the process was held */
    uint64_t dropped_memory;
    uint32_t dropped_threads, dropped_modules;
    const char *note;

    const char *damage; /* one sentence for people: what is missing or broken; "" if nothing */
};

/* What a snapshot may cost; a reader refuses (-E2BIG) or cuts (damage says so) beyond it. */
struct snapshot_limits {
    size_t bytes;   /* of the snapshot */
    size_t threads; /* and so on: further ones are skipped and counted in damage */
    size_t memory;
    size_t modules;
    size_t mappings;
    size_t breadcrumbs;
    size_t contexts;
};
extern const struct snapshot_limits SNAPSHOT_LIMITS_DEFAULT;

/*
 * Reads a snapshot from memory, which must outlive the result (ranges of memory point into it).
 * Returns 0, also for a truncated or partly broken one (see damage); -EBADMSG if it is no snapshot
 * at all, -EPROTONOSUPPORT if it is of a newer version, -E2BIG, -ENOMEM.
 */
int snapshot_read(const void *data, size_t size, const struct snapshot_limits *limits,
                  struct snapshot **ret);
struct snapshot *snapshot_free(struct snapshot *snapshot);

/* The one that died; NULL if the snapshot was cut before it. */
const struct snapshot_thread *snapshot_crashed_thread(const struct snapshot *snapshot);
/* What covers address, or NULL. */
const struct snapshot_mapping *snapshot_mapping_at(const struct snapshot *snapshot,
                                                   uint64_t address);
const struct snapshot_module *snapshot_module_at(const struct snapshot *snapshot, uint64_t address);
/* Copies what the snapshot holds of [address, address + size); returns the bytes copied from the
 * start on, 0 if the first one is not there. Adjoining ranges are read as one. */
size_t snapshot_read_memory(const struct snapshot *snapshot, uint64_t address, void *buffer,
                            size_t size);

#endif
