/* SPDX-License-Identifier: MIT */
/* What the program told about itself, clean and scrubbed. Its tags are tags.c's, its release and
 * environment come by the context. */
#ifndef REPORT_TOLD_H
#define REPORT_TOLD_H

#include "report/report.h"
#include "report/scrub.h"

/* 0 or -ENOMEM. */
int told_take(struct crash_report *report, const struct scrubber *scrubber);
void told_clear(struct crash_report *report);

#endif
