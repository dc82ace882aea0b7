/* SPDX-License-Identifier: MIT */
/* The report in one row, for lists and the store. */
#ifndef REPORT_SUMMARY_H
#define REPORT_SUMMARY_H

#include <jansson.h>

#include "report/report.h"

/*
 * An object with the keys of `crashctl list --json` that a report knows: id, time (RFC 3339), exe,
 * pid, uid, unit, signal, kind, title, function, file, line, release, environment; unknown ones are
 * null. A new reference; NULL if no memory.
 */
json_t *summary_render(const struct crash_report *report);

#endif
