/* SPDX-License-Identifier: MIT */
#include "symbolizer/index/place.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/hex.h"

void index_place_name(const uint8_t *build_id, size_t size, char ret[INDEX_NAME_SIZE]) {
    ret[0] = '\0';
    if (size < 2 || size > 64)
        return;
    hex_encode(build_id, 1, ret);
    ret[2] = '/';
    hex_encode(build_id + 1, size - 1, ret + 3);
    memcpy(ret + 2 * size + 1, ".idx", sizeof(".idx"));
}

void index_place_complain(struct index_place *place, const uint8_t *build_id, size_t size,
                          int error) {
    place->error = error;
    place->build_id_size = size < sizeof(place->build_id) ? size : sizeof(place->build_id);
    memcpy(place->build_id, build_id, place->build_id_size);
}

static int open_below(int directory, const uint8_t *build_id, size_t size) {
    char name[INDEX_NAME_SIZE];
    index_place_name(build_id, size, name);
    if (*name == '\0')
        return -ENOENT;
    int fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    return fd < 0 ? -errno : fd;
}

int index_place_open(struct index_place *place, const uint8_t *build_id, size_t size,
                     struct index **ret) {
    BASE_CLEANUP(close)
    int fd = place->is_directory ? open_below(place->fd, build_id, size) : -EBADF;
    if (place->is_directory && fd < 0)
        return fd;
    int r = index_open(place->is_directory ? fd : place->fd, build_id, size, ret);
    if (r < 0)
        index_place_complain(place, build_id, size, r);
    return r;
}
