/* SPDX-License-Identifier: MIT */
/* What leaves the machine only where send-default-pii lets it: arguments, environment, directory.
 */
#ifndef REPORT_PRIVATE_H
#define REPORT_PRIVATE_H

#include "report/report.h"
#include "report/scrub.h"

/* 0 or -ENOMEM. */
int private_take(struct crash_report *report, const struct scrubber *scrubber);
void private_clear(struct crash_report *report);

#endif
