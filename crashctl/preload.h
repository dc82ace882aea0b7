/* SPDX-License-Identifier: MIT */
/* What LD_PRELOAD must say so that a program of any kind gets the hook, or is left in peace. */
#ifndef CRASHCTL_PRELOAD_H
#define CRASHCTL_PRELOAD_H

/* directory: the run's own, where links are made if need be. Malloc'ed; NULL: errno says why. */
char *preload_path(const char *directory);

#endif
