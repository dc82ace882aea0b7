/* SPDX-License-Identifier: MIT */
/* Clients that came while their user had as many crashes under way as one may: they wait here, in
 * the receiver that accepted them, so that the users behind them in the queue do not. */
#ifndef CRASHD_PARKED_H
#define CRASHD_PARKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PARKED_MAX = 1024 };

struct parked {
    struct {
        int connection;
        uint32_t uid;
    } clients[PARKED_MAX];
    size_t n;
};

/* False if there is no room; the connection stays the caller's then. */
bool parked_add(struct parked *parked, int connection, uint32_t uid);
/* The one that waits longest of those whose user may, by take(context, uid); -1 if none may. */
int parked_next(struct parked *parked, bool (*take)(void *context, uint32_t uid), void *context);

#endif
