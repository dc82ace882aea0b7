/* SPDX-License-Identifier: MIT */
/* The ELF images in memory: who they are, by their own word. */
#ifndef LIBCRASHHOOK_MODULES_H
#define LIBCRASHHOOK_MODULES_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libcrashhook/maps.h"
#include "libcrashhook/memory.h"

enum { MODULES_BUFFER_SIZE = 16 * 1024 };
enum { MODULE_BUILD_ID_MAX = 64, MODULE_SEGMENTS_MAX = 32, MODULE_NOTE_MAX = 1024 };

struct module {
    const char *path;
    size_t path_length;
    uint64_t base, end, bias, device, inode;
    unsigned flags;  /* SNAPSHOT_MODULE_ */
    bool executable; /* any of it */
    bool identified; /* its headers have been read, and */
    bool is_elf;
    bool has_package_note;
    uint8_t build_id[MODULE_BUILD_ID_MAX];
    size_t build_id_size;
};

struct modules {
    struct module *modules; /* sorted by base */
    size_t count;
    size_t dropped;
};

/* What is read of an image while it is looked at. */
struct module_image {
    Elf64_Phdr segments[MODULE_SEGMENTS_MAX];
    size_t n_segments;
    char package_note[MODULE_NOTE_MAX];
    size_t package_note_length;
};

/* Async-signal-safe, all of it. */
/* The files that may be modules; nothing of them is read yet. */
void modules_find(struct modules *modules, struct arena *arena, const struct maps *maps);
/* The module at the address with its build-id; NULL if there is none. */
const struct module *modules_identify(struct modules *modules, struct memory *memory,
                                      uint64_t address);
/* Reads what has not been read, by way of MODULES_BUFFER_SIZE bytes; drops what is no ELF image. */
void modules_identify_all(struct modules *modules, struct memory *memory, uint8_t *buffer);
/* Reads the headers once more: the table keeps only what all need. */
bool module_read_image(const struct module *module, struct memory *memory,
                       struct module_image *image);
/* The address of its dynamic section, 0 if it has none. */
uint64_t module_dynamic(const struct module *module, const struct module_image *image);
const struct module *modules_at(const struct modules *modules, uint64_t address);
/* Does its file's name begin so? */
bool modules_is_file(const struct module *module, const char *name);
/* By the beginning of the file's name ("libc.so."); NULL when there is none from *from on. */
const struct module *modules_named(const struct modules *modules, const char *name, size_t *from);

#endif
