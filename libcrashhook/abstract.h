/* SPDX-License-Identifier: MIT */
/* The daemon by a name that is in no file system: for a process that has changed its root. */
#ifndef LIBCRASHHOOK_ABSTRACT_H
#define LIBCRASHHOOK_ABSTRACT_H

#include <stdbool.h>

/* Async-signal-safe. True if the socket is connected, and to somebody who may be told. */
bool abstract_connect(int socket);

#endif
