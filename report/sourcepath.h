/* SPDX-License-Identifier: MIT */
/* How a source file is called: the same on every machine that builds the program. */
#ifndef REPORT_SOURCEPATH_H
#define REPORT_SOURCEPATH_H

#include "report/report.h"

/* The part of frame.path below the work directory or the compilation directory; the whole path if
 * it lies below neither. NULL if the frame has no path. Points into frame.path. */
const char *sourcepath_relative(const struct crash_report *report, const struct frame *frame);

#endif
