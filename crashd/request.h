/* SPDX-License-Identifier: MIT */
/* What a worker is asked: the facts of a crash and the configuration's word on it. */
#ifndef CRASHD_REQUEST_H
#define CRASHD_REQUEST_H

#include <jansson.h>

#include "crashd/daemon.h"

/* From the third try on a reduced report. *destination: where the event goes (dsn, events_only),
 * NULL if it stays here; a new reference. NULL if no memory. */
json_t *request_new(const struct daemon *daemon, json_t *facts, unsigned failures,
                    json_t **destination);

#endif
