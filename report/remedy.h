/* SPDX-License-Identifier: MIT */
/* What to do about debug information that a report lacks. */
#ifndef REPORT_REMEDY_H
#define REPORT_REMEDY_H

#include "report/report.h"

/* For the modules of the crashed thread's frames that are known without debug information. 0 or
 * -ENOMEM. */
int remedies_find(struct crash_report *report, struct walk *walk);

#endif
