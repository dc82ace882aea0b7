/* SPDX-License-Identifier: MIT */
/* What the program told about itself, for people. */
#ifndef REPORT_TOLDTEXT_H
#define REPORT_TOLDTEXT_H

#include <stdio.h>

#include "report/report.h"

void toldtext_print(FILE *out, const struct crash_report *report);

#endif
