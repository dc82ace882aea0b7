/* SPDX-License-Identifier: MIT */
/* The directory of indexes that crashctl makes. */
#ifndef CRASHCTL_INDEXDIR_H
#define CRASHCTL_INDEXDIR_H

/* malloc'ed; NULL without memory. */
char *indexdir_default(void);
/* Makes it and what is above it, as far as they are missing. A descriptor or negative errno. */
int indexdir_make(const char *path);

#endif
