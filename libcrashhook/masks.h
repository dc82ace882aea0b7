/* SPDX-License-Identifier: MIT */
/* Keeps synchronous signals deliverable, whatever a program blocks. */
#ifndef LIBCRASHHOOK_MASKS_H
#define LIBCRASHHOOK_MASKS_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

/* Takes synchronous signals out of the mask that the main thread was started with. */
void masks_start(void);
/* For a new thread, whose creator had this idea of what is blocked. */
void masks_start_thread(uint64_t blocked);
/* Around the creation of a thread, which must not begin with a mask that is not the program's. */
uint64_t masks_before_create(void);
void masks_after_create(uint64_t blocked);
/* sigprocmask() as the program sees it; 0 or a negative errno. old is only handed to the kernel and
 * may be anything. */
int masks_change(int how, const uint64_t *set, uint64_t *old);
/* sigprocmask() itself, for ourselves. */
int masks_set(int how, const sigset_t *set, sigset_t *old) __attribute__((nothrow, leaf));
/* What the kernel is to have of a mask that the program wants. */
uint64_t masks_hide(uint64_t wanted);

/* A call that waits with another mask: what the program thinks is blocked until it comes back. */
struct masks_wait {
    struct masks_wait *outer;
    uint64_t blocked, allowed;
};
/* Is there anything to hide, or that was hidden? */
bool masks_wait_matters(uint64_t wanted);
/* What the kernel is to have. */
uint64_t masks_wait_begin(struct masks_wait *wait, uint64_t wanted);
void masks_wait_end(struct masks_wait *wait);
/* A handler leaves the call for good. */
void masks_wait_leave(uint64_t sp);

#endif
