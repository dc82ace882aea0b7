/* SPDX-License-Identifier: MIT */
/* Looks over a msgpack object before msgpack-c may allocate for it. */
#ifndef SNAPSHOT_BOUNDS_H
#define SNAPSHOT_BOUNDS_H

#include <stddef.h>
#include <stdint.h>

enum { BOUNDS_DEPTH = 4, BOUNDS_NODES = 4096 };

/*
 * Length in bytes of the object at data: > 0; -EAGAIN if it ends beyond size (truncated), -EBADMSG
 * if it is not msgpack, deeper than BOUNDS_DEPTH or has more than BOUNDS_NODES values.
 */
int64_t bounds_object_length(const uint8_t *data, size_t size);

#endif
