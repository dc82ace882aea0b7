/* SPDX-License-Identifier: MIT */
/* Memory behind the crashed thread's registers and the words of its stack. */
#ifndef LIBCRASHHOOK_POINTED_H
#define LIBCRASHHOOK_POINTED_H

struct capture;

/* Async-signal-safe. */
void pointed_write(struct capture *capture);

#endif
