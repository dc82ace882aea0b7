/* SPDX-License-Identifier: MIT */
/* What the daemon's control socket lets this user see: the rows of control/query.h. */
#ifndef CONTROL_CLIENT_H
#define CONTROL_CLIENT_H

#include "control/query.h"

/* socket_path: of the hook socket, which the control socket stands beside. 0 or negative errno:
 * -ENOENT and -ECONNREFUSED when no daemon answers. */
int client_crashes(const char *socket_path, query_row callback, void *context);
int client_delivery(const char *socket_path, query_row callback, void *context);
int client_debuginfod(const char *socket_path, query_row callback, void *context);

#endif
