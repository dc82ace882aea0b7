/* SPDX-License-Identifier: MIT */
/* The other threads in few lines: those that do the same are one. */
#ifndef REPORT_THREADGROUPS_H
#define REPORT_THREADGROUPS_H

#include <stdio.h>

#include "report/report.h"

/* Prints nothing for a program with a single thread. */
void threadgroups_print(FILE *out, const struct crash_report *report);

#endif
