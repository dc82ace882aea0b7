/* SPDX-License-Identifier: MIT */
/* What list, show and status print, from where this user may read it. */
#ifndef CRASHCTL_ROWS_H
#define CRASHCTL_ROWS_H

#include "control/query.h"

/* state_dir: the option, or NULL. The store itself where it can be read, else the running daemon's
 * answers. No store at all is no row. 0 or negative errno, said on stderr. */
int rows_crashes(const char *state_dir, query_row callback, void *context);
int rows_delivery(const char *state_dir, query_row callback, void *context);
int rows_debuginfod(const char *state_dir, query_row callback, void *context);

/* "" if the row lacks the text. */
const char *rows_text(const json_t *row, const char *key);
long long rows_number(const json_t *row, const char *key);

/* One compact line on standard output. 0 or -ENOMEM. */
int rows_print_json(const json_t *row);

/* The directory of a crash, wherever it moved meanwhile: a descriptor or negative errno. */
int rows_open_crash(const char *state_dir, const char *id);

#endif
