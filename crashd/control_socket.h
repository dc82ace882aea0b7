/* SPDX-License-Identifier: MIT */
/* The socket where users ask for their crashes (control/control.h). */
#ifndef CRASHD_CONTROL_SOCKET_H
#define CRASHD_CONTROL_SOCKET_H

#include <systemd/sd-event.h>

/* Beside the hook socket; a failure is logged, reports do not depend on it. */
void control_socket_open(sd_event *event, const char *hook_socket, const char *state_path);

#endif
