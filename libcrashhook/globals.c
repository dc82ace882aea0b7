/* SPDX-License-Identifier: MIT */
/*
 * Async-signal-safe. Of a large program's static variables only the beginning is taken: a snapshot
 * is no core file.
 */
#include "libcrashhook/globals.h"

enum { STATIC_MAX = 16 * 1024, THREAD_MAX = 2 * 1024, THREAD_HEAD = 16 };

static void write_range(struct capture *capture, uint64_t start, uint64_t end, uint64_t most) {
    uint64_t size = end - start < most ? end - start : most;

    capture_memory(capture, SNAPSHOT_MEMORY_KIND_GLOBALS, 0, start, size);
}

/* The program lies below its libraries. Its .data is mapped from its file, .bss adjoins it; what
 * was made read-only after relocation (tables of pointers) stands in front of it. */
static void write_static(struct capture *capture) {
    const struct maps *maps = &capture->maps;
    const struct module *program = capture->modules.count ? capture->modules.modules : NULL;
    uint64_t data_end = 0;

    for (size_t i = 0; program != NULL && i < maps->count; i++) {
        const struct mapping *mapping = &maps->mappings[i], *before = i > 0 ? mapping - 1 : mapping;
        bool is_data = mapping->inode != 0 && mapping->inode == program->inode,
             is_bss = mapping->inode == 0 && mapping->start == data_end;
        if (mapping->start < program->base || (mapping->prot & SNAPSHOT_PROT_WRITE) == 0 ||
            (!is_data && !is_bss))
            continue;
        if (is_data && before->inode == mapping->inode && before->end == mapping->start &&
            before->prot == SNAPSHOT_PROT_READ)
            write_range(capture, before->start, before->end, STATIC_MAX);
        data_end = is_data ? mapping->end : 0;
        write_range(capture, mapping->start, mapping->end, STATIC_MAX);
    }
}

/* The program's thread-local variables end where the thread pointer points to. */
static void write_thread(struct capture *capture) {
    uint64_t pointer = capture->request.cause->registers[SNAPSHOT_REGISTER_FS_BASE];
    const struct mapping *mapping = maps_find(&capture->maps, pointer);
    uint64_t start = pointer - THREAD_MAX;

    if (mapping == NULL || (mapping->prot & SNAPSHOT_PROT_WRITE) == 0 || !maps_may_read(mapping))
        return;
    if (start < mapping->start || start > pointer)
        start = mapping->start;
    write_range(capture, start, pointer + THREAD_HEAD, THREAD_MAX + THREAD_HEAD);
}

void globals_write(struct capture *capture) {
    write_static(capture);
    write_thread(capture);
}
