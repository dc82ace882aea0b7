/* SPDX-License-Identifier: MIT */
/* Tags: what crashes are searched by. */
#ifndef REPORT_TAGS_H
#define REPORT_TAGS_H

#include "report/report.h"
#include "report/scrub.h"

/* Fills report.tags, sorted by name; those of the context win, then those of the program itself.
 * 0 or -ENOMEM. */
int tags_make(struct crash_report *report, const struct scrubber *scrubber);
void tags_clear(struct crash_report *report);

#endif
