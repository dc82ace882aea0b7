/* SPDX-License-Identifier: MIT */
/*
 * What is known about a crash from outside of its snapshot: the kernel's word on who died, and the
 * configuration's on how it is to be called. Strings may be NULL.
 */
#ifndef REPORT_CONTEXT_H
#define REPORT_CONTEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct report_pair {
    const char *name, *value;
};

enum report_vars { REPORT_VARS_OFF, REPORT_VARS_IN_APP, REPORT_VARS_ALL };

struct package_cache;

struct report_context {
    const char *event_id; /* 32 hex digits, fixed at capture */
    uint64_t time;        /* of capture, for snapshots that lost theirs; nanoseconds since 1970 */

    bool identified; /* the following come from the kernel; else only the snapshot's claims are
                        known */
    uint32_t pid, uid, gid;
    const char *exe, *comm, *unit, *container, *namespace;
    const char *package, *package_version; /* that owns exe */
    uint64_t start_time;                   /* nanoseconds since 1970, 0 if unknown */

    const char *release, *release_source; /* "SENTRY_RELEASE", "package", "build-id", ... */
    const char *environment;
    const char *server_name;
    const char *user_id; /* hash of machine-id and uid */
    const char *os_name, *os_version, *os_pretty, *kernel;
    unsigned processors;
    uint64_t memory_size; /* bytes, 0 if unknown */

    struct report_pair *tags; /* from the configuration and CI: win over the report's own */
    size_t n_tags;

    bool send_pii;          /* send-default-pii: argv, cwd, environment, user name may leave */
    enum report_vars vars;  /* frames that have their variables in the report */
    const char *suppressed; /* count of equal crashes before this one, as text; NULL if none */
    const char *damage; /* why the report is reduced ("the worker crashed twice"), NULL if not */
    const char *work_directory; /* sources below it get relative file names; NULL: none */

    struct package_cache *packages; /* of the machine that the process saw; NULL: not to be asked */
    bool debuginfod;                /* debuginfod-urls is set */
    const char *debuginfod_problem; /* why its servers could not be asked; NULL if they could */
};

#endif
