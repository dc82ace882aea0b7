/* SPDX-License-Identifier: MIT */
/*
 * ioctl(PROCMAP_QUERY) on /proc/PID/maps: one mapping in binary form, Linux 6.11
 * (include/uapi/linux/fs.h), which is newer than the headers of Debian 12. Elsewhere it is ENOTTY.
 * For the hook and for the daemon, which both look at a dying process's mappings.
 */
#ifndef SNAPSHOT_PROCMAP_H
#define SNAPSHOT_PROCMAP_H

#include <linux/ioctl.h>
#include <stdint.h>

/* Bits of flags in both directions; SNAPSHOT_PROT_ has the first four. */
enum {
    PROCMAP_EXECUTABLE = 4,
    PROCMAP_COVERING_OR_NEXT = 16,
    PROCMAP_FILE_BACKED = 32,
};

struct procmap_query {
    uint64_t size; /* of this struct */
    uint64_t flags, address;
    uint64_t start, end, vma_flags, page_size, offset, inode; /* from here on: the answer */
    uint32_t major, minor;
    uint32_t name_size, build_id_size; /* room in, length with the NUL out; 0: not wanted */
    uint64_t name, build_id;           /* addresses */
};

#define PROCMAP_QUERY _IOWR('f', 17, struct procmap_query)

#endif
