/* SPDX-License-Identifier: MIT */
/*
 * Async-signal-safe: follows the list that debuggers follow, as memory, without the linker's lock.
 * After a chroot it is all there is.
 */
#include "libcrashhook/linkmap.h"

#include <elf.h>
#include <link.h>

#include "libcrashhook/hook.h"
#include "libcrashhook/text.h"
#include "snapshot/fields.h"

enum { OBJECTS_MAX = 4096, MAPPINGS_MAX = 16384, SEGMENTS_MAX = 32, PATH_SIZE = 4096 };

static uint8_t protection(unsigned flags) {
    return (uint8_t)((flags & PF_R ? SNAPSHOT_PROT_READ : 0) |
                     (flags & PF_W ? SNAPSHOT_PROT_WRITE : 0) |
                     (flags & PF_X ? SNAPSHOT_PROT_EXEC : 0));
}

static void insert(struct maps *maps, size_t room, struct mapping mapping) {
    size_t at = maps->count;

    if (maps->count >= room) {
        maps->dropped++;
        return;
    }
    for (; at > 0 && maps->mappings[at - 1].start > mapping.start; at--)
        maps->mappings[at] = maps->mappings[at - 1];
    maps->mappings[at] = mapping;
    maps->count++;
}

/* inode 0 is what the vdso has; a file needs any other to be taken for one. */
static void add_image(struct maps *maps, size_t room, struct memory *memory, uint64_t headers,
                      size_t count, uint64_t bias, const char *path, uint64_t inode) {
    uint64_t page = hook_settings.page_size;
    Elf64_Phdr segment;

    for (size_t i = 0; i < count && i < SEGMENTS_MAX; i++) {
        if (!memory_read_all(memory, headers + i * sizeof segment, &segment, sizeof segment) ||
            segment.p_type != PT_LOAD)
            continue;
        insert(maps, room,
               (struct mapping){
                   .start = (bias + segment.p_vaddr) & ~(page - 1),
                   .end = (bias + segment.p_vaddr + segment.p_memsz + page - 1) & ~(page - 1),
                   .offset = segment.p_offset & ~(page - 1),
                   .inode = inode,
                   .path = path,
                   .path_length = (uint16_t)text_length(path),
                   .prot = protection(segment.p_flags),
               });
    }
}

static void add_file(struct maps *maps, size_t room, struct memory *memory, uint64_t header,
                     uint64_t bias, const char *path, uint64_t inode) {
    Elf64_Ehdr elf;

    if (memory_read_all(memory, header, &elf, sizeof elf) &&
        text_same_bytes(elf.e_ident, ELFMAG, SELFMAG))
        add_image(maps, room, memory, header + elf.e_phoff, elf.e_phnum, bias, path, inode);
}

static const char *keep_string(struct arena *arena, struct memory *memory, uint64_t address) {
    char buffer[PATH_SIZE];
    size_t length = memory_string(memory, address, buffer, sizeof buffer);
    char *kept = length > 0 ? arena_take(arena, length + 1) : NULL;

    if (kept != NULL)
        text_copy(kept, buffer, length + 1);
    return kept;
}

/* The linker's own structure, by way of the program's DT_DEBUG entry. */
static uint64_t find_list(struct memory *memory, uint64_t headers, size_t count, uint64_t *bias) {
    uint64_t dynamic = 0, debug = 0, list = 0;
    Elf64_Phdr segment;
    Elf64_Dyn entry;

    for (size_t i = 0; i < count && i < SEGMENTS_MAX; i++) {
        if (!memory_read_all(memory, headers + i * sizeof segment, &segment, sizeof segment))
            return 0;
        if (segment.p_type == PT_PHDR)
            *bias = headers - segment.p_vaddr;
        else if (segment.p_type == PT_DYNAMIC)
            dynamic = segment.p_vaddr;
    }
    for (dynamic += *bias; memory_read_all(memory, dynamic, &entry, sizeof entry) &&
                           entry.d_tag != DT_NULL && debug == 0;
         dynamic += sizeof entry) {
        if (entry.d_tag == DT_DEBUG)
            debug = entry.d_un.d_ptr;
    }
    if (debug == 0 || !memory_word(memory, debug + offsetof(struct r_debug, r_map), &list))
        return 0;
    return list;
}

void linkmap_read(struct maps *maps, struct arena *arena, struct memory *memory) {
    size_t room = arena->left / 8 / sizeof(struct mapping);
    uint64_t bias = 0, at;
    struct link_map entry;

    if (room > MAPPINGS_MAX)
        room = MAPPINGS_MAX;
    maps->count = 0;
    maps->partial = true;
    maps->mappings = arena_take(arena, room * sizeof(struct mapping));
    if (maps->mappings == NULL)
        return;
    at = find_list(memory, hook_settings.headers, hook_settings.n_headers, &bias);
    add_image(maps, room, memory, hook_settings.headers, hook_settings.n_headers, bias,
              hook_settings.executable, 1);
    if (hook_settings.vdso != 0)
        add_file(maps, room, memory, hook_settings.vdso, hook_settings.vdso, "[vdso]", 0);
    for (uint64_t i = 0; i < OBJECTS_MAX && at != 0; i++, at = (uint64_t)entry.l_next) {
        const char *path;
        if (!memory_read_all(memory, at, &entry, sizeof entry))
            return;
        path = i > 0 ? keep_string(arena, memory, (uint64_t)entry.l_name) : NULL;
        /* The vdso is in the list under a name without a slash. */
        if (path != NULL && path[0] == '/')
            add_file(maps, room, memory, entry.l_addr, entry.l_addr, path, i + 1);
    }
}
