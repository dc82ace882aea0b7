/* SPDX-License-Identifier: MIT */
/* Cells of tables for people. */
#ifndef CRASHCTL_COLUMNS_H
#define CRASHCTL_COLUMNS_H

#include <stddef.h>

/* An RFC 3339 time in local time: "15:30:12" today, "21 Nov" this year, else "Nov 2025". */
void columns_time(const char *rfc3339, char *text, size_t size);
/* Cuts text to width columns, "..." at its end if it was longer. Prints with two blanks behind;
 * width negative: to the right. */
void columns_print(const char *text, int width);

#endif
