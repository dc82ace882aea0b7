/* SPDX-License-Identifier: MIT */
#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "base/cleanup.h"

int io_write_all(int fd, const void *data, size_t size) {
    const char *p = data;
    while (size > 0) {
        ssize_t n = write(fd, p, size);
        if (n < 0) {
            if (errno == EINTR)
                continue;
            return -errno;
        }
        p += n;
        size -= (size_t)n;
    }
    return 0;
}

int io_read_all(int fd, size_t limit, char **data, size_t *size) {
    BASE_CLEANUP(free)
    char *buffer = NULL;
    size_t used = 0, room = 0;
    for (;;) {
        if (used + 1 >= room) {
            size_t want = room ? room * 2 : 4096;
            if (want > limit + 2)
                want = limit + 2;
            if (want <= room)
                return -EFBIG;
            char *larger = realloc(buffer, want);
            if (!larger)
                return -ENOMEM;
            buffer = larger;
            room = want;
        }
        ssize_t n = read(fd, buffer + used, room - used - 1);
        if (n < 0) {
            if (errno == EINTR)
                continue;
            return -errno;
        }
        if (n == 0)
            break;
        used += (size_t)n;
        if (used > limit)
            return -EFBIG;
    }
    buffer[used] = '\0';
    *data = TAKE_POINTER(buffer);
    *size = used;
    return 0;
}

int io_read_virtual_file(int directory, const char *path, size_t limit, char **data, size_t *size) {
    BASE_CLEANUP(close)
    int fd = openat(directory, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return -errno;
    return io_read_all(fd, limit, data, size);
}

int io_read_file(int directory, const char *path, size_t limit, char **data, size_t *size) {
    struct stat st;
    BASE_CLEANUP(close)
    int fd = openat(directory, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return -errno;
    if (fstat(fd, &st) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode))
        return -EINVAL;
    return io_read_all(fd, limit, data, size);
}

int io_write_file_atomic(int directory, const char *path, const void *data, size_t size) {
    char temporary[300];
    uint64_t unique;
    if (getrandom(&unique, sizeof unique, 0) != sizeof unique)
        return -EIO;
    int length =
        snprintf(temporary, sizeof temporary, "%s.%016llx.tmp", path, (unsigned long long)unique);
    if (length < 0 || (size_t)length >= sizeof temporary)
        return -ENAMETOOLONG;
    BASE_CLEANUP(close)
    int fd =
        openat(directory, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return -errno;
    int r = io_write_all(fd, data, size);
    if (r == 0 && renameat(directory, temporary, directory, path) < 0)
        r = -errno;
    if (r < 0)
        unlinkat(directory, temporary, 0);
    return r;
}
