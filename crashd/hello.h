/* SPDX-License-Identifier: MIT */
/* The first message of a client (snapshot/handshake.h). */
#ifndef CRASHD_HELLO_H
#define CRASHD_HELLO_H

#include "snapshot/handshake.h"

/*
 * Waits for it, but not for long. *pipe is the read end of the snapshot's pipe, to be closed also
 * when negative errno is returned: -ENODATA if the client just left, -EBADMSG if it is no hook.
 */
int hello_receive(int connection, struct handshake_hello *hello, int *pipe);

#endif
