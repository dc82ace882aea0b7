/* SPDX-License-Identifier: MIT */
#include "crashd/parked.h"

#include <string.h>

bool parked_add(struct parked *parked, int connection, uint32_t uid) {
    if (parked->n == PARKED_MAX)
        return false;
    parked->clients[parked->n].connection = connection;
    parked->clients[parked->n++].uid = uid;
    return true;
}

int parked_next(struct parked *parked, bool (*take)(void *context, uint32_t uid), void *context) {
    for (size_t i = 0; i < parked->n; i++) {
        uint32_t uid = parked->clients[i].uid;
        bool asked = false;
        for (size_t j = 0; j < i && !asked; j++)
            asked = parked->clients[j].uid == uid;
        if (asked || !take(context, uid))
            continue;
        int connection = parked->clients[i].connection;
        memmove(&parked->clients[i], &parked->clients[i + 1],
                (--parked->n - i) * sizeof parked->clients[0]);
        return connection;
    }
    return -1;
}
