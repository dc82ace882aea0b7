/* SPDX-License-Identifier: MIT */
/* How what crashed is called: the first source that knows wins, and is named. */
#ifndef CRASHD_RELEASE_H
#define CRASHD_RELEASE_H

#include <jansson.h>

#include "snapshot/snapshot.h"

struct release {
    char *name;         /* malloc'ed, NULL if nothing is known */
    const char *source; /* static */
};

/* facts and settings: of the request. package may be NULL. */
struct release release_find(const json_t *facts, const json_t *settings,
                            const struct snapshot *snapshot, const char *package,
                            const char *package_version);
const char *release_environment(const json_t *facts, const json_t *settings,
                                const struct snapshot *snapshot);
/* The module of the main program, or NULL. */
const struct snapshot_module *release_main_module(const struct snapshot *snapshot);

#endif
