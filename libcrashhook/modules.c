/* SPDX-License-Identifier: MIT */
/*
 * Async-signal-safe. The list comes from the mappings, not from the dynamic linker, whose lists may
 * be locked or half changed, and which does not know the vdso.
 */
#include "libcrashhook/modules.h"

#include "libcrashhook/text.h"
#include "snapshot/fields.h"

enum {
    MAX_MODULES = 8192,
    NOTE_TYPE_PACKAGE = (int)0xcafe1a7e,
    NOTES_MAX = 4096,
    PAGE_SIZE = 4096,
    HEADERS_SIZE = 1024,
    AT_ONCE = MODULES_BUFFER_SIZE / HEADERS_SIZE,
};

#define DELETED " (deleted)"

static uint32_t round_up_4(uint32_t size) {
    return (size + 3) & ~(uint32_t)3;
}

static void take_note(struct module *module, struct module_image *image, const Elf64_Nhdr *note,
                      const char *name, const uint8_t *description) {
    if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 && text_same_bytes(name, "GNU", 4) &&
        note->n_descsz <= MODULE_BUILD_ID_MAX && module->build_id_size == 0) {
        text_copy(module->build_id, description, note->n_descsz);
        module->build_id_size = note->n_descsz;
    } else if ((int)note->n_type == NOTE_TYPE_PACKAGE && note->n_namesz == 4 &&
               text_same_bytes(name, "FDO", 4)) {
        size_t length = text_length_max((const char *)description, note->n_descsz);
        if (length <= sizeof image->package_note) {
            text_copy(image->package_note, description, length);
            image->package_note_length = length;
            module->has_package_note = true;
        }
    }
}

static void parse_notes(struct module *module, struct module_image *image, const uint8_t *notes,
                        size_t size) {
    size_t at = 0;

    while (at + sizeof(Elf64_Nhdr) <= size) {
        Elf64_Nhdr note;
        size_t name, description, next;
        text_copy(&note, notes + at, sizeof note);
        if (note.n_namesz > size || note.n_descsz > size)
            break;
        name = at + sizeof note;
        description = name + round_up_4(note.n_namesz);
        next = description + round_up_4(note.n_descsz);
        if (description + note.n_descsz > size)
            break;
        if (note.n_namesz >= 4)
            take_note(module, image, &note, (const char *)notes + name, notes + description);
        at = next;
    }
}

static bool read_headers(struct module *module, struct memory *memory, const uint8_t *bytes,
                         size_t got, struct module_image *image) {
    const Elf64_Ehdr *header = (const Elf64_Ehdr *)bytes;
    bool has_bias = false;

    image->n_segments = 0;
    image->package_note_length = 0;
    if (got < sizeof *header || !text_same_bytes(header->e_ident, ELFMAG, SELFMAG) ||
        header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_phentsize != sizeof(Elf64_Phdr))
        return false;
    for (size_t i = 0; i < header->e_phnum && i < MODULE_SEGMENTS_MAX; i++) {
        uint64_t at = header->e_phoff + i * sizeof(Elf64_Phdr);
        if (at > got || got - at < sizeof(Elf64_Phdr))
            break;
        text_copy(&image->segments[image->n_segments++], bytes + at, sizeof(Elf64_Phdr));
    }
    for (size_t i = 0; i < image->n_segments; i++) {
        const Elf64_Phdr *segment = &image->segments[i];
        if (segment->p_type == PT_LOAD && !has_bias) {
            module->bias = module->base - (segment->p_vaddr - segment->p_offset);
            has_bias = true;
        }
    }
    for (size_t i = 0; i < image->n_segments; i++) {
        const Elf64_Phdr *segment = &image->segments[i];
        uint64_t address = module->bias + segment->p_vaddr, offset = address - module->base;
        if (segment->p_type != PT_NOTE || segment->p_filesz > NOTES_MAX)
            continue;
        if (offset < got && got - offset >= segment->p_filesz) {
            parse_notes(module, image, bytes + offset, segment->p_filesz);
        } else {
            _Alignas(8) uint8_t notes[NOTES_MAX];
            size_t size = memory_read(memory, address, notes, segment->p_filesz);
            parse_notes(module, image, notes, size);
        }
    }
    return true;
}

static bool read_page(struct module *module, struct memory *memory, struct module_image *image) {
    _Alignas(8) uint8_t page[PAGE_SIZE];
    size_t got = memory_read(memory, module->base, page, sizeof page);

    return read_headers(module, memory, page, got, image);
}

bool module_read_image(const struct module *module, struct memory *memory,
                       struct module_image *image) {
    struct module copy = *module;

    return read_page(&copy, memory, image);
}

/* Most headers are short: a part of the page will do, but for these. */
static bool is_long(const uint8_t *bytes) {
    const Elf64_Ehdr *header = (const Elf64_Ehdr *)bytes;

    return header->e_phoff + header->e_phnum * sizeof(Elf64_Phdr) > HEADERS_SIZE;
}

const struct module *modules_identify(struct modules *modules, struct memory *memory,
                                      uint64_t address) {
    struct module *module = (struct module *)modules_at(modules, address);
    struct module_image image;

    if (module == NULL)
        return NULL;
    if (!module->identified) {
        module->identified = true;
        module->is_elf = read_page(module, memory, &image);
    }
    return module->is_elf ? module : NULL;
}

static void identify_some(struct modules *modules, size_t first, size_t count,
                          struct memory *memory, uint8_t *buffer) {
    uint64_t addresses[AT_ONCE];
    bool read[AT_ONCE];
    struct module_image image;

    for (size_t i = 0; i < count; i++)
        addresses[i] = modules->modules[first + i].base;
    memory_read_many(memory, addresses, count, buffer, HEADERS_SIZE, read);
    for (size_t i = 0; i < count; i++) {
        struct module *module = &modules->modules[first + i];
        const uint8_t *bytes = buffer + i * HEADERS_SIZE;
        if (module->identified)
            continue;
        module->identified = true;
        module->is_elf =
            read[i] && (is_long(bytes) ? read_page(module, memory, &image)
                                       : read_headers(module, memory, bytes, HEADERS_SIZE, &image));
    }
}

void modules_identify_all(struct modules *modules, struct memory *memory, uint8_t *buffer) {
    size_t kept = 0;

    for (size_t i = 0; i < modules->count; i += AT_ONCE)
        identify_some(modules, i, modules->count - i < AT_ONCE ? modules->count - i : AT_ONCE,
                      memory, buffer);
    for (size_t i = 0; i < modules->count; i++) {
        if (modules->modules[i].is_elf)
            modules->modules[kept++] = modules->modules[i];
    }
    modules->count = kept;
}

uint64_t module_dynamic(const struct module *module, const struct module_image *image) {
    for (size_t i = 0; i < image->n_segments; i++) {
        if (image->segments[i].p_type == PT_DYNAMIC)
            return module->bias + image->segments[i].p_vaddr;
    }
    return 0;
}

static bool same_file(const struct mapping *mapping, const struct module *module) {
    return mapping->inode == module->inode &&
           ((uint64_t)mapping->major << 32 | mapping->minor) == module->device &&
           mapping->path_length == module->path_length && mapping->path != NULL &&
           text_same_bytes(mapping->path, module->path, module->path_length);
}

/* lld lets all segments of a small file share its first page, which is mapped for each of them. A
 * second copy of the file (dlmopen) begins with what is not writable, behind what is. */
static bool goes_on(const struct mapping *before, const struct mapping *mapping) {
    return before->end == mapping->start && before->offset == 0 &&
           ((mapping->prot & SNAPSHOT_PROT_WRITE) != 0 ||
            (before->prot & SNAPSHOT_PROT_WRITE) == 0);
}

static bool may_begin_module(const struct mapping *mapping) {
    if (mapping->path == NULL || !maps_may_read(mapping))
        return false;
    return mapping->offset == 0 && (mapping->inode != 0 || text_equal(mapping->path, "[vdso]"));
}

void modules_find(struct modules *modules, struct arena *arena, const struct maps *maps) {
    struct module *current = NULL;
    size_t room = 0;

    for (size_t i = 0; i < maps->count; i++)
        room += may_begin_module(&maps->mappings[i]);
    if (room > arena->left / 3 / sizeof(struct module))
        room = arena->left / 3 / sizeof(struct module);
    if (room > MAX_MODULES)
        room = MAX_MODULES;
    modules->modules = arena_take(arena, room * sizeof(struct module));
    if (modules->modules == NULL)
        return;
    for (size_t i = 0; i < maps->count; i++) {
        const struct mapping *mapping = &maps->mappings[i];
        bool executable = (mapping->prot & SNAPSHOT_PROT_EXEC) != 0;
        if (current != NULL && same_file(mapping, current) &&
            (mapping->offset != 0 || goes_on(&maps->mappings[i - 1], mapping))) {
            current->end = mapping->end;
            current->executable = current->executable || executable;
            continue;
        }
        if (!may_begin_module(mapping))
            continue;
        if (modules->count >= room) {
            modules->dropped++;
            current = NULL;
            continue;
        }
        current = &modules->modules[modules->count++];
        text_zero(current, sizeof *current);
        current->path = mapping->path;
        current->path_length = mapping->path_length;
        current->base = mapping->start;
        current->end = mapping->end;
        current->device = (uint64_t)mapping->major << 32 | mapping->minor;
        current->inode = mapping->inode;
        current->executable = executable;
        if (text_ends(current->path, current->path_length, DELETED))
            current->flags |= SNAPSHOT_MODULE_DELETED;
    }
}

const struct module *modules_at(const struct modules *modules, uint64_t address) {
    size_t low = 0, high = modules->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (modules->modules[middle].end > address)
            high = middle;
        else
            low = middle + 1;
    }
    if (low < modules->count && modules->modules[low].base <= address)
        return &modules->modules[low];
    return NULL;
}

bool modules_is_file(const struct module *module, const char *name) {
    const char *file = module->path;

    for (const char *at = module->path; *at != '\0'; at++) {
        if (*at == '/')
            file = at + 1;
    }
    return text_begins(file, name);
}

const struct module *modules_named(const struct modules *modules, const char *name, size_t *from) {
    while (*from < modules->count) {
        const struct module *module = &modules->modules[(*from)++];
        if (modules_is_file(module, name))
            return module;
    }
    return NULL;
}
