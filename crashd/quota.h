/* SPDX-License-Identifier: MIT */
/*
 * Who keeps the receivers busy: a table in memory that main and all receivers share. A receiver
 * takes its slot before it accepts, so that main never sees "all idle" while a client is between
 * the queue of the socket and a receiver.
 */
#ifndef CRASHD_QUOTA_H
#define CRASHD_QUOTA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { QUOTA_SLOTS = 64, QUOTA_RECEIVERS_MIN = 4, QUOTA_RECEIVERS_MAX = 32, QUOTA_PER_UID = 8 };

struct quota;

/* Shared over fork; NULL if no memory. per_uid: how many of them one user may hold. */
struct quota *quota_new(size_t per_uid);

void quota_accepting(struct quota *quota, size_t slot);
/* False if uid holds as many receivers as it may. System users always may. */
bool quota_take(struct quota *quota, size_t slot, uint32_t uid);
void quota_release(struct quota *quota, size_t slot);
/* How many clients wait in this slot's receiver for their turn. */
void quota_waiting(struct quota *quota, size_t slot, size_t clients);
/* Slots between quota_accepting() and quota_release(), and clients that wait. */
size_t quota_busy(const struct quota *quota);

#endif
