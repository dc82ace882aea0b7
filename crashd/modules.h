/* SPDX-License-Identifier: MIT */
/* Descriptors of the files that a dying process has mapped and that may be out of a worker's reach
 * or gone when it looks. */
#ifndef CRASHD_MODULES_H
#define CRASHD_MODULES_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum { MODULES_MAX = 64, MODULES_PATHS_MAX = 48 * 1024 };

/*
 * Opens them with the process's own user and groups, below its own root. Adds their paths to
 * paths, as in /proc/PID/maps, in the order of fds; returns how many. With everything false, files
 * of the system's directories are left out: a worker finds those itself.
 */
size_t modules_open(int process, bool everything, json_t *paths, int fds[MODULES_MAX]);

#endif
