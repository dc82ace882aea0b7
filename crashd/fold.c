/* SPDX-License-Identifier: MIT */
#include "crashd/fold.h"

#include <stdio.h>

#include "crashd/ipc.h"

static const uint64_t COPY_TIME = 5000000000; /* nanoseconds between a death and its copy */

void fold_read(const json_t *facts, const char *id, struct fold_death *ret) {
    const json_t *death = json_object_get(facts, "death");
    *ret = (struct fold_death){
        .uid = (uint32_t)ipc_number(facts, "uid"),
        .pid = ipc_number(death, "pid"),
        .parent = ipc_number(death, "parent"),
        .signal = ipc_number(death, "signal"),
        .time = (uint64_t)ipc_number(facts, "time"),
        .may_be_copy = ipc_flag(death, "may_be_copy"),
    };
    snprintf(ret->origin, sizeof ret->origin, "%s", id);
}

const char *fold_origin(const struct fold *fold, const struct fold_death *death) {
    if (!death->may_be_copy || death->pid <= 0)
        return NULL;
    size_t kept = fold->n < FOLD_KEPT ? fold->n : FOLD_KEPT;
    for (size_t i = 1; i <= kept; i++) {
        const struct fold_death *child = &fold->deaths[(fold->n - i) % FOLD_KEPT];
        /* The child is first by its nature, but its snapshot may have taken longer. */
        uint64_t apart =
            child->time < death->time ? death->time - child->time : child->time - death->time;
        if (child->parent == death->pid && child->signal == death->signal &&
            child->uid == death->uid && apart <= COPY_TIME)
            return child->origin;
    }
    return NULL;
}

void fold_remember(struct fold *fold, const struct fold_death *death) {
    fold->deaths[fold->n++ % FOLD_KEPT] = *death;
}
