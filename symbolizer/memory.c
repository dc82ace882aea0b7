/* SPDX-License-Identifier: MIT */
/* The dead process's memory: what the snapshot holds, over what its modules' files hold. */
#include "symbolizer/walk.h"

static size_t read_module(struct walk *walk, uint64_t address, void *buffer, size_t size,
                          bool writable_too) {
    int index = walk_module_at(walk, address);
    if (index < 0)
        return 0;
    const struct snapshot_module *module = &walk->snapshot->modules[index];
    struct module *file = walk_open(walk, (size_t)index);
    if (!file)
        return 0;
    if (size > module->end - address)
        size = (size_t)(module->end - address);
    return elf_file_read(file->file, address - module->bias, buffer, size, writable_too);
}

static size_t read_all(struct walk *walk, uint64_t address, void *buffer, size_t size,
                       bool writable_too) {
    size_t done = 0;
    while (done < size) {
        uint64_t at = address + done;
        uint8_t *to = (uint8_t *)buffer + done;
        size_t n = snapshot_read_memory(walk->snapshot, at, to, size - done);
        if (n == 0)
            n = read_module(walk, at, to, size - done, writable_too);
        if (n == 0 || at + n < at)
            break;
        done += n;
    }
    return done;
}

size_t walk_read_memory(struct walk *walk, uint64_t address, void *buffer, size_t size) {
    return read_all(walk, address, buffer, size, false);
}

size_t walk_read_initial(struct walk *walk, uint64_t address, void *buffer, size_t size) {
    return read_all(walk, address, buffer, size, true);
}

bool walk_executable(const struct walk *walk, uint64_t address) {
    const struct snapshot_mapping *mapping = snapshot_mapping_at(walk->snapshot, address);
    if (mapping)
        return mapping->prot & SNAPSHOT_PROT_EXEC;
    /* A snapshot cut before its mappings still has modules. */
    return walk->snapshot->n_mappings == 0 && walk_module_at(walk, address) >= 0;
}
