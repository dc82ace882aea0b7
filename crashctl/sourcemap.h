/* SPDX-License-Identifier: MIT */
/* --source-map FROM=TO, of several verbs. */
#ifndef CRASHCTL_SOURCEMAP_H
#define CRASHCTL_SOURCEMAP_H

#include <stdbool.h>
#include <stddef.h>

enum { SOURCEMAP_LIMIT = 32 };

/* False if text is none or one too many, said on stderr. */
bool sourcemap_add(const char *text, const char *maps[SOURCEMAP_LIMIT], size_t *n);

#endif
