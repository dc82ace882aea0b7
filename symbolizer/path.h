/* SPDX-License-Identifier: MIT */
/* Paths as debug information has them. */
#ifndef SYMBOLIZER_PATH_H
#define SYMBOLIZER_PATH_H

/* Joins directory and path unless path is absolute, and resolves "." and ".." by text. directory
 * may be NULL. malloc'ed, NULL if no memory. */
char *path_normalize(const char *directory, const char *path);

#endif
