/* SPDX-License-Identifier: MIT */
#include "crashd/bundle.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"

#define BUNDLE_MAGIC "CRASHD-1"

struct header {
    char magic[8];
    uint64_t sizes[BUNDLE_PARTS];
};

int bundle_write(int fd, const struct bundle *bundle) {
    struct header header = {.magic = BUNDLE_MAGIC};
    for (int i = 0; i < BUNDLE_PARTS; i++)
        header.sizes[i] = bundle->size[i];
    int r = io_write_all(fd, &header, sizeof header);
    for (int i = 0; r == 0 && i < BUNDLE_PARTS; i++)
        r = io_write_all(fd, bundle->data[i], bundle->size[i]);
    return r;
}

static int read_at(int fd, void *data, size_t size, off_t *at) {
    char *p = data;
    while (size > 0) {
        ssize_t n = pread(fd, p, size, *at);
        if (n < 0)
            return -errno;
        if (n == 0)
            return -EBADMSG;
        p += n;
        size -= (size_t)n;
        *at += n;
    }
    return 0;
}

int bundle_read(int fd, struct bundle *ret) {
    struct header header;
    BASE_CLEANUP(bundle)
    struct bundle bundle = {0};
    off_t at = 0;
    int r = read_at(fd, &header, sizeof header, &at);
    if (r < 0)
        return r;
    if (memcmp(header.magic, BUNDLE_MAGIC, sizeof header.magic) != 0)
        return -EBADMSG;
    for (int i = 0; i < BUNDLE_PARTS; i++) {
        if (header.sizes[i] > BUNDLE_PART_MAX)
            return -EBADMSG;
        bundle.size[i] = (size_t)header.sizes[i];
        bundle.data[i] = malloc(bundle.size[i] + 1);
        if (!bundle.data[i])
            return -ENOMEM;
        r = read_at(fd, bundle.data[i], bundle.size[i], &at);
        if (r < 0)
            return r;
        bundle.data[i][bundle.size[i]] = '\0';
    }
    *ret = bundle;
    /* NOLINTNEXTLINE(clang-analyzer-deadcode.DeadStores): its cleanup reads it */
    bundle = (struct bundle){0};
    return 0;
}

void bundle_clear(struct bundle *bundle) {
    for (int i = 0; i < BUNDLE_PARTS; i++)
        free(bundle->data[i]);
    *bundle = (struct bundle){0};
}
