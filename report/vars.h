/* SPDX-License-Identifier: MIT */
/* Arguments and local variables: which frames have them in the report, and what of them is said. */
#ifndef REPORT_VARS_H
#define REPORT_VARS_H

#include "report/report.h"
#include "report/scrub.h"

/* Bytes of one value and of all values of one frame. */
enum { VARS_VALUE_MAX = 4096, VARS_FRAME_MAX = 32 * 1024 };

/* From "off", "in-app", "all"; -1 for another text. */
int report_vars_parse(const char *name);

/* What the walk is to read; report must outlive its use. */
struct variable_policy vars_policy(const struct crash_report *report);

/* Clean and scrubbed, within the limits. 0 or -ENOMEM. */
int vars_clean(const struct scrubber *scrubber, struct frame *frame);

#endif
