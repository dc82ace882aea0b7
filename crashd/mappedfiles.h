/* SPDX-License-Identifier: MIT */
/* The files whose code a process has mapped. */
#ifndef CRASHD_MAPPEDFILES_H
#define CRASHD_MAPPEDFILES_H

#include <jansson.h>

/* Their paths as in /proc/PID/maps, " (deleted)" included; process is its directory there. NULL if
 * they may not be seen. */
json_t *mapped_files(int process);

#endif
