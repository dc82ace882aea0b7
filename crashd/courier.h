/* SPDX-License-Identifier: MIT */
/* The network process, as main sees it: there only while there is something to send. */
#ifndef CRASHD_COURIER_H
#define CRASHD_COURIER_H

#include <jansson.h>
#include <stdbool.h>

#include "crashd/daemon.h"

int courier_new(struct daemon *daemon, struct courier **ret);
struct courier *courier_free(struct courier *courier);

/* A crash is on its way: the network process starts while the worker works. */
void courier_wake(struct courier *courier);
/* A crash has come into outbox/. */
void courier_queue(struct courier *courier, const char *id);
/* Hands it a message about debug files, which is released here. */
void courier_fetch(struct courier *courier, json_t *message);
/* Starts it for what lies in outbox/, if anything does. */
void courier_scan(struct courier *courier);
/* Try everything now; new_config: also what waits for a change of the configuration. */
void courier_retry(struct courier *courier, bool new_config);
/* Whether what is left will not be sent for long: refused, or limited. */
bool courier_stuck(const struct courier *courier);
void courier_stop(struct courier *courier);

#endif
