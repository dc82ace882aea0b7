/* SPDX-License-Identifier: MIT */
#include "snapshot/snapshot.h"

#include <string.h>
#include <sys/types.h>

const struct snapshot_thread *snapshot_crashed_thread(const struct snapshot *snapshot) {
    return snapshot->n_threads && snapshot->threads[0].crashed ? &snapshot->threads[0] : NULL;
}

/* Index of the last of n sorted ranges that starts at or below address, -1 if there is none. */
#define LAST_AT_OR_BELOW(ranges, n, start, wanted)                                                 \
    ({                                                                                             \
        size_t low_ = 0, high_ = (n);                                                              \
        while (low_ < high_) {                                                                     \
            size_t middle_ = low_ + (high_ - low_) / 2;                                            \
            if ((ranges)[middle_].start <= (wanted))                                               \
                low_ = middle_ + 1;                                                                \
            else                                                                                   \
                high_ = middle_;                                                                   \
        }                                                                                          \
        (ssize_t) low_ - 1;                                                                        \
    })

const struct snapshot_mapping *snapshot_mapping_at(const struct snapshot *snapshot,
                                                   uint64_t address) {
    ssize_t i = LAST_AT_OR_BELOW(snapshot->mappings, snapshot->n_mappings, start, address);
    return i >= 0 && address < snapshot->mappings[i].end ? &snapshot->mappings[i] : NULL;
}

const struct snapshot_module *snapshot_module_at(const struct snapshot *snapshot,
                                                 uint64_t address) {
    ssize_t i = LAST_AT_OR_BELOW(snapshot->modules, snapshot->n_modules, base, address);
    return i >= 0 && address < snapshot->modules[i].end ? &snapshot->modules[i] : NULL;
}

/* Ranges may overlap (a pointer into a stack that was captured too), so a few before the nearest
 * one are looked at. */
static const struct snapshot_memory *memory_at(const struct snapshot *snapshot, uint64_t address) {
    enum { OVERLAPS = 64 };
    ssize_t last = LAST_AT_OR_BELOW(snapshot->memory, snapshot->n_memory, address, address);
    for (ssize_t i = last; i >= 0 && last - i < OVERLAPS; i--)
        if (address - snapshot->memory[i].address < snapshot->memory[i].size)
            return &snapshot->memory[i];
    return NULL;
}

size_t snapshot_read_memory(const struct snapshot *snapshot, uint64_t address, void *buffer,
                            size_t size) {
    size_t done = 0;
    while (done < size && address <= UINT64_MAX - done) {
        const struct snapshot_memory *memory = memory_at(snapshot, address + done);
        if (!memory)
            break;
        size_t skip = address + done - memory->address;
        size_t n = memory->size - skip < size - done ? memory->size - skip : size - done;
        memcpy((char *)buffer + done, memory->bytes + skip, n);
        done += n;
    }
    return done;
}
