/* SPDX-License-Identifier: MIT */
/* The report for a terminal, as DESIGN 7 shows it. */
#ifndef REPORT_TEXT_H
#define REPORT_TEXT_H

#include <stddef.h>

#include "report/report.h"

/* At most 100 columns, except for names that are longer. malloc'ed; 0 or -ENOMEM. The last lines,
 * which tell where the event is, are not part of it: they change after the report is made. */
int text_render(const struct crash_report *report, char **text, size_t *size);

#endif
