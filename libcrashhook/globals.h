/* SPDX-License-Identifier: MIT */
/* Variables that are on no stack: the program's static ones and the crashed thread's own. */
#ifndef LIBCRASHHOOK_GLOBALS_H
#define LIBCRASHHOOK_GLOBALS_H

#include "libcrashhook/capture.h"

void globals_write(struct capture *capture);

#endif
