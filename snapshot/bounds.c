/* SPDX-License-Identifier: MIT */
#include "snapshot/bounds.h"

#include <errno.h>
#include <stdbool.h>

struct scan {
    const uint8_t *data;
    size_t size, at;
    unsigned nodes;
};

static int take_number(struct scan *scan, unsigned width, uint64_t *number) {
    if (scan->size - scan->at < width)
        return -EAGAIN;
    *number = 0;
    for (unsigned i = 0; i < width; i++)
        *number = *number << 8 | scan->data[scan->at++];
    return 0;
}

static int skip_bytes(struct scan *scan, uint64_t count) {
    if (count > scan->size - scan->at)
        return -EAGAIN;
    scan->at += count;
    return 0;
}

static int skip_counted(struct scan *scan, unsigned width) {
    uint64_t count;
    int r = take_number(scan, width, &count);
    return r < 0 ? r : skip_bytes(scan, count);
}

static int skip_values(struct scan *scan, unsigned depth, uint64_t count);

static int skip_container(struct scan *scan, unsigned depth, unsigned width, unsigned values) {
    uint64_t count;
    int r = take_number(scan, width, &count);
    return r < 0 ? r : skip_values(scan, depth, count * values);
}

/* One value, by its first byte (msgpack specification, "Formats"). Extension types are not used by
 * the snapshot format. */
static int skip_value(struct scan *scan, unsigned depth) {
    if (scan->at >= scan->size)
        return -EAGAIN;
    if (++scan->nodes > BOUNDS_NODES)
        return -EBADMSG;
    uint8_t first = scan->data[scan->at++];
    if (first <= 0x7f || first >= 0xe0)
        return 0;
    if (first <= 0x8f)
        return skip_values(scan, depth, (first & 0x0fu) * 2);
    if (first <= 0x9f)
        return skip_values(scan, depth, first & 0x0fu);
    if (first <= 0xbf)
        return skip_bytes(scan, first & 0x1fu);
    switch (first) {
    case 0xc0:
    case 0xc2:
    case 0xc3:
        return 0;
    case 0xc4:
    case 0xd9:
        return skip_counted(scan, 1);
    case 0xc5:
    case 0xda:
        return skip_counted(scan, 2);
    case 0xc6:
    case 0xdb:
        return skip_counted(scan, 4);
    case 0xcc:
    case 0xd0:
        return skip_bytes(scan, 1);
    case 0xcd:
    case 0xd1:
        return skip_bytes(scan, 2);
    case 0xca:
    case 0xce:
    case 0xd2:
        return skip_bytes(scan, 4);
    case 0xcb:
    case 0xcf:
    case 0xd3:
        return skip_bytes(scan, 8);
    case 0xdc:
        return skip_container(scan, depth, 2, 1);
    case 0xdd:
        return skip_container(scan, depth, 4, 1);
    case 0xde:
        return skip_container(scan, depth, 2, 2);
    case 0xdf:
        return skip_container(scan, depth, 4, 2);
    default:
        return -EBADMSG;
    }
}

static int skip_values(struct scan *scan, unsigned depth, uint64_t count) {
    if (depth >= BOUNDS_DEPTH || count > BOUNDS_NODES)
        return -EBADMSG;
    for (uint64_t i = 0; i < count; i++) {
        int r = skip_value(scan, depth + 1);
        if (r < 0)
            return r;
    }
    return 0;
}

int64_t bounds_object_length(const uint8_t *data, size_t size) {
    struct scan scan = {.data = data, .size = size};
    int r = skip_value(&scan, 0);
    return r < 0 ? r : (int64_t)scan.at;
}
