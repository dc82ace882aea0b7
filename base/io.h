/* SPDX-License-Identifier: MIT */
/* Whole reads and writes. All return 0 or a count, or a negative errno. */
#ifndef BASE_IO_H
#define BASE_IO_H

#include <stddef.h>
#include <sys/types.h>

/* Writes all of it. */
int io_write_all(int fd, const void *data, size_t size);

/* Reads to the end of file, at most limit bytes (-EFBIG beyond). *data is malloc'ed, with a NUL
 * behind the last byte that size does not count. */
int io_read_all(int fd, size_t limit, char **data, size_t *size);
/* The same for a regular file relative to directory (AT_FDCWD allowed); -EINVAL for anything else:
 * no device, pipe or symbolic link at its end is opened. */
int io_read_file(int directory, const char *path, size_t limit, char **data, size_t *size);
/* The same for files below /proc and /sys, whose size is not known beforehand. */
int io_read_virtual_file(int directory, const char *path, size_t limit, char **data, size_t *size);

/* Creates or replaces path with mode 0600: readers see the old file or the whole new one. */
int io_write_file_atomic(int directory, const char *path, const void *data, size_t size);

#endif
