/* SPDX-License-Identifier: MIT */
/* One section of a snapshot, unpacked, into the model. Private to the reader. */
#ifndef SNAPSHOT_DECODE_H
#define SNAPSHOT_DECODE_H

#include <msgpack.h>
#include <stdbool.h>

#include "snapshot/snapshot.h"

enum { SECTIONS_KNOWN = 16, DAMAGE_SIZE = 256 };

/* The model with what it owns. */
struct owned_snapshot {
    struct snapshot snapshot;
    msgpack_zone zone;
    char damage[DAMAGE_SIZE];
};

struct reading {
    struct owned_snapshot *owned;
    const uint8_t *data;
    size_t size;
    const struct snapshot_limits *limits;
    size_t counts[SECTIONS_KNOWN];
    size_t skipped;
    bool truncated, broken, out_of_memory;
};

/* Zeroed memory that lives as long as the snapshot; NULL for none, or after setting out_of_memory.
 */
void *decode_allocate(struct reading *reading, size_t count, size_t size);
/* A value of a section: into the model, where its next place is. */
void decode_field(struct reading *reading, unsigned section, uint64_t key,
                  const msgpack_object *value);
/* Sections of their own file. */
void decode_scope(struct reading *reading, uint64_t key, const msgpack_object *value);
void decode_breadcrumb(struct reading *reading, uint64_t key, const msgpack_object *value);
void decode_context(struct reading *reading, uint64_t key, const msgpack_object *value);
/* After the last field: the next place is taken, unless what came makes no sense. */
void decode_keep(struct reading *reading, unsigned section);
/* Is there a place for another such section within the limits? */
bool decode_has_room(const struct reading *reading, unsigned section);

#endif
