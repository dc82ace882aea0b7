/* SPDX-License-Identifier: MIT */
/* This machine, as reports describe it. */
#ifndef CRASHD_HOST_H
#define CRASHD_HOST_H

#include <jansson.h>
#include <stdint.h>

struct host {
    /* server_name, os_name, os_version, os_pretty, kernel, processors, memory_size */
    json_t *description;
};

int host_read(struct host *ret);
void host_clear(struct host *host);
/* 32 hex digits that stand for a user of this machine and cannot be turned back; "" if the machine
 * has no id. */
void host_user_id(uint32_t uid, char text[33]);

#endif
