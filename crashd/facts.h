/* SPDX-License-Identifier: MIT */
/* facts.json: what the daemon itself saw of a dying process. */
#ifndef CRASHD_FACTS_H
#define CRASHD_FACTS_H

#include <jansson.h>

#include "crashd/peer.h"

/* A new object with event_id, time, uid, gid, identified and what /proc tells; NULL if no memory.
 */
json_t *facts_collect(const char *event_id, const struct peer *peer);
/* Facts of a snapshot whose process nobody saw: uid is the owner of its file. */
json_t *facts_unknown(const char *event_id, uint32_t uid, uint32_t gid);

/* The systemd unit in a /proc/PID/cgroup text: malloc'ed, or NULL. */
char *facts_unit(const char *cgroup);
/* The container's id likewise. */
char *facts_container(const char *cgroup);

#endif
