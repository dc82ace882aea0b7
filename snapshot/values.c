/* SPDX-License-Identifier: MIT */
#include "snapshot/values.h"

#include <string.h>

void *decode_allocate(struct reading *reading, size_t count, size_t size) {
    if (count == 0 || count > SIZE_MAX / size)
        return NULL;
    void *p = msgpack_zone_malloc(&reading->owned->zone, count * size);
    if (p)
        memset(p, 0, count * size);
    else
        reading->out_of_memory = true;
    return p;
}

const char *value_string(struct reading *reading, const msgpack_object *value) {
    if (value->type != MSGPACK_OBJECT_STR || value->via.str.size == 0)
        return "";
    size_t size = value->via.str.size;
    char *text = decode_allocate(reading, size + 1, 1);
    if (!text)
        return "";
    memcpy(text, value->via.str.ptr, size);
    return text;
}

uint64_t value_uint(const msgpack_object *value) {
    return value->type == MSGPACK_OBJECT_POSITIVE_INTEGER ? value->via.u64 : 0;
}

uint32_t value_uint32(const msgpack_object *value) {
    uint64_t number = value_uint(value);
    return number > UINT32_MAX ? 0 : (uint32_t)number;
}

int value_int(const msgpack_object *value) {
    if (value->type == MSGPACK_OBJECT_POSITIVE_INTEGER && value->via.u64 <= INT32_MAX)
        return (int)value->via.u64;
    if (value->type == MSGPACK_OBJECT_NEGATIVE_INTEGER && value->via.i64 >= INT32_MIN)
        return (int)value->via.i64;
    return 0;
}

bool value_bool(const msgpack_object *value) {
    return value->type == MSGPACK_OBJECT_BOOLEAN && value->via.boolean;
}

const char **value_strings(struct reading *reading, const msgpack_object *value, size_t *n) {
    *n = 0; /* a field that comes twice must not leave the first one's count to the second */
    if (value->type != MSGPACK_OBJECT_ARRAY)
        return NULL;
    const char **texts = decode_allocate(reading, value->via.array.size, sizeof *texts);
    if (!texts)
        return NULL;
    for (uint32_t i = 0; i < value->via.array.size; i++)
        texts[i] = value_string(reading, &value->via.array.ptr[i]);
    *n = value->via.array.size;
    return texts;
}

struct snapshot_pair *value_pairs(struct reading *reading, const msgpack_object *value, size_t *n) {
    *n = 0;
    if (value->type != MSGPACK_OBJECT_MAP)
        return NULL;
    struct snapshot_pair *pairs = decode_allocate(reading, value->via.map.size, sizeof *pairs);
    if (!pairs)
        return NULL;
    for (uint32_t i = 0; i < value->via.map.size; i++) {
        pairs[i].name = value_string(reading, &value->via.map.ptr[i].key);
        pairs[i].value = value_string(reading, &value->via.map.ptr[i].val);
    }
    *n = value->via.map.size;
    return pairs;
}
