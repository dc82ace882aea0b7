/* SPDX-License-Identifier: MIT */
/* Descriptors of the files that a dying process has mapped and that may be out of a worker's reach
 * or gone when it looks. */
#ifndef CRASHD_MODULES_H
#define CRASHD_MODULES_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "crashd/peer.h"

enum { MODULES_MAX = 64, MODULES_PATHS_MAX = 48 * 1024 };

/* What is needed of a process that may be gone when its files are opened. */
struct modules_view {
    json_t *files;              /* mapped_files(), or NULL */
    char *exe_path, *root_path; /* targets of /proc/PID/exe and root */
    int exe, root;              /* O_PATH */
};

void modules_view(const struct peer *peer, struct modules_view *view);
void modules_view_clear(struct modules_view *view);

/*
 * Opens them with the process's own user and groups, below its own root. Adds their paths to
 * paths, as the process sees them, in the order of fds; returns how many. With everything false,
 * files of the system's directories are left out: a worker finds those itself.
 */
size_t modules_open(const struct modules_view *view, const struct proc_status *owner,
                    bool everything, json_t *paths, int fds[MODULES_MAX]);

static inline void cleanup_modules_view(struct modules_view *view) {
    modules_view_clear(view);
}

#endif
