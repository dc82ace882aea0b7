/* SPDX-License-Identifier: MIT */
/* What makes two crashes the same issue: stable over builds, machines and address layouts. */
#ifndef REPORT_FINGERPRINT_H
#define REPORT_FINGERPRINT_H

#include "report/report.h"

/* Fills report.fingerprint: "native-crash", program, kind of death, and up to three of the newest
 * functions of the application, inlined ones included, recursion folded. 0 or -ENOMEM. */
int fingerprint_make(struct crash_report *report);

#endif
