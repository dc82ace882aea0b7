/* SPDX-License-Identifier: MIT */
/* msgpack values as the model has them. One of another type than expected is as good as absent: "",
 * 0, false or NULL. Private to the reader. */
#ifndef SNAPSHOT_VALUES_H
#define SNAPSHOT_VALUES_H

#include "snapshot/decode.h"

const char *value_string(struct reading *reading, const msgpack_object *value);
uint64_t value_uint(const msgpack_object *value);
uint32_t value_uint32(const msgpack_object *value);
int value_int(const msgpack_object *value);
bool value_bool(const msgpack_object *value);
const char **value_strings(struct reading *reading, const msgpack_object *value, size_t *n);
struct snapshot_pair *value_pairs(struct reading *reading, const msgpack_object *value, size_t *n);

#endif
