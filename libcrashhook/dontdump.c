/* SPDX-License-Identifier: MIT */
/*
 * The kernel tells which mappings are MADV_DONTDUMP only in smaps, which walks all page tables of
 * the process: far too slow at a crash. So the calls are watched. Async-signal-safe.
 */
#include "libcrashhook/dontdump.h"

#include <errno.h>
#include <sys/mman.h>

#include "libcrashhook/hook.h"
#include "libcrashhook/scope.h"
#include "libcrashhook/syscalls.h"

enum { RANGES = 256 };

static struct { _Atomic uint64_t start, end; /* end is set last */ } ranges[RANGES] APART;
static atomic_uint count;

bool dontdump_covers(uint64_t address, uint64_t size) {
    unsigned known = atomic_load(&count);

    for (unsigned i = 0; i < known && i < RANGES; i++) {
        if (address < atomic_load(&ranges[i].end) && address + size > atomic_load(&ranges[i].start))
            return true;
    }
    return false;
}

bool dontdump_may_cover(uint64_t address, uint64_t size) {
    return atomic_load(&count) > RANGES || dontdump_covers(address, size);
}

static void forbid(uint64_t start, uint64_t end) {
    unsigned known = atomic_load(&count), at;

    for (unsigned i = 0; i < known && i < RANGES; i++) {
        if (start >= atomic_load(&ranges[i].start) && end <= atomic_load(&ranges[i].end))
            return;
    }
    if (known > RANGES || (at = atomic_fetch_add(&count, 1)) >= RANGES)
        return;
    atomic_store(&ranges[at].start, start);
    atomic_store(&ranges[at].end, end);
}

/* A range is given free only as a whole: allocators do it so. */
static void allow(uint64_t start, uint64_t end) {
    unsigned known = atomic_load(&count);

    for (unsigned i = 0; i < known && i < RANGES; i++) {
        if (atomic_load(&ranges[i].start) >= start && atomic_load(&ranges[i].end) <= end)
            atomic_store(&ranges[i].end, 0);
    }
}

EXPORT int madvise(void *address, size_t size, int advice) {
    long result;

    if (scope_answer_door(address, size, advice))
        return 0;
    result = sys(SYS_madvise, address, size, advice);

    if (result < 0) {
        errno = (int)-result;
        return -1;
    }
    if (advice == MADV_DONTDUMP && !hook_in_vfork_child())
        forbid((uint64_t)address, (uint64_t)address + size);
    else if (advice == MADV_DODUMP && atomic_load(&count) > 0 && !hook_in_vfork_child())
        allow((uint64_t)address, (uint64_t)address + size);
    return 0;
}
