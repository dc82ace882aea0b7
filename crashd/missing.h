/* SPDX-License-Identifier: MIT */
/* The debug files that a report would be better with. */
#ifndef CRASHD_MISSING_H
#define CRASHD_MISSING_H

#include <jansson.h>

#include "report/report.h"

/* Keys as debugcache_key_write makes them, what matters most first: the program's own frames
 * before the system's, the crashed thread before the others. NULL if no memory. */
json_t *missing_list(const struct crash_report *report, struct walk *walk);

#endif
