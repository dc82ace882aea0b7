/* SPDX-License-Identifier: MIT */
/* Arguments and local variables of a frame, for people. */
#ifndef REPORT_VARSTEXT_H
#define REPORT_VARSTEXT_H

#include <stdio.h>

#include "symbolizer/frame.h"

void varstext_print(FILE *out, const struct frame *frame);

#endif
