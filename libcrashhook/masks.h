/* SPDX-License-Identifier: MIT */
/* Keeps synchronous signals deliverable, whatever a program blocks. */
#ifndef LIBCRASHHOOK_MASKS_H
#define LIBCRASHHOOK_MASKS_H

#include <stdint.h>

/* Takes synchronous signals out of the mask that the main thread was started with. */
void masks_start(void);
/* For a new thread, whose creator had this idea of what is blocked. */
void masks_start_thread(uint64_t blocked);
/* sigprocmask() as the program sees it; 0 or a negative errno. */
int masks_change(int how, const uint64_t *set, uint64_t *old);

#endif
