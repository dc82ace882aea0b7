/* SPDX-License-Identifier: MIT */
#include "symbolizer/walk.h"

#include <errno.h>
#include <gelf.h>
#include <string.h>

#include "base/text.h"
#include "symbolizer/unwind.h"

enum { PACKAGE_NOTE_TYPE = 0xcafe1a7e, PACKAGE_NOTE_LIMIT = 4096, VDSO_LIMIT = 64 << 10 };

enum { SOURCE_BYTES = 256 << 20 };

int walk_module_at(const struct walk *walk, uint64_t address) {
    const struct snapshot_module *module = snapshot_module_at(walk->snapshot, address);
    return module ? (int)(module - walk->snapshot->modules) : -1;
}

static const char *describe(int error) {
    switch (error) {
    case -ESTALE:
        return "changed on disk since the process started";
    case -ENOENT:
        return "its file is gone";
    case -EACCES:
    case -EPERM:
        return "its file is not readable";
    case -ENOEXEC:
        return "its file is no ELF file";
    default:
        return "its file could not be opened";
    }
}

static uint64_t nanoseconds(struct timespec time) {
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

/* Without a build-id there is no proof. What speaks against a file is that it came to its name
 * after the process started. */
static bool may_be_the_same(const struct snapshot *snapshot, const struct snapshot_module *module,
                            const struct stat *status) {
    uint64_t started = snapshot->time;
    uint64_t ticks = (uint64_t)sysconf(_SC_CLK_TCK);
    uint64_t age = ticks ? snapshot->process.start * (1000000000 / ticks) : 0;
    if (age && snapshot->uptime > age && started > snapshot->uptime - age)
        started -= snapshot->uptime - age;
    if (module->inode && status->st_ino == module->inode)
        started = snapshot->time;
    return started == 0 || nanoseconds(status->st_ctim) <= started;
}

static int open_vdso(struct walk *walk, const struct snapshot_module *module, struct module **ret) {
    for (size_t i = 0; i < walk->snapshot->n_memory; i++) {
        const struct snapshot_memory *memory = &walk->snapshot->memory[i];
        if (memory->kind != SNAPSHOT_MEMORY_KIND_VDSO || memory->address != module->base ||
            memory->size > VDSO_LIMIT)
            continue;
        void *copy = malloc(memory->size);
        if (!copy)
            return -ENOMEM;
        memcpy(copy, memory->bytes, memory->size);
        return module_from_memory(walk->cache, module->path, copy, memory->size, ret);
    }
    return -ENOENT;
}

static int open_module(struct walk *walk, const struct snapshot_module *module,
                       struct module **ret) {
    if (strcmp(module->path, "[vdso]") == 0)
        return open_vdso(walk, module, ret);
    if (*module->path != '/')
        return -ENOENT;
    /* Another file may have that name here, and nothing would tell them apart. */
    if (module->build_id_size == 0 && walk->sources.places.elsewhere &&
        !file_source_has(&walk->source, module->path))
        return -ENOENT;
    int r = module_acquire(walk->cache, &walk->source, module->path, module->build_id,
                           module->build_id_size, ret);
    if (r < 0 && module->build_id_size > 0 &&
        module_acquire_by_build_id(walk->cache, &walk->source, module->build_id,
                                   module->build_id_size, false, ret) == 0)
        return 0;
    if (r == 0 && module->build_id_size == 0 &&
        !may_be_the_same(walk->snapshot, module, &(*ret)->file->status)) {
        module_release(walk->cache, *ret);
        *ret = NULL;
        return -ESTALE;
    }
    return r;
}

struct module *walk_open(struct walk *walk, size_t index) {
    struct walk_entry *entry = &walk->entries[index];
    if (entry->tried)
        return entry->module;
    entry->tried = true;
    int r = open_module(walk, &walk->snapshot->modules[index], &entry->module);
    if (r < 0) {
        entry->module = NULL;
        entry->problem = describe(r);
    }
    return entry->module;
}

struct module *walk_names(struct walk *walk, size_t index) {
    struct walk_entry *entry = &walk->entries[index];
    const struct snapshot_module *module = &walk->snapshot->modules[index];
    if (walk_open(walk, index))
        return entry->module;
    if (!entry->names_tried && *module->path == '/' &&
        module_acquire_by_build_id(walk->cache, &walk->source, module->build_id,
                                   module->build_id_size, true, &entry->names) < 0)
        entry->names = NULL;
    entry->names_tried = true;
    return entry->names;
}

static void tables_from_memory(struct walk *walk, const struct snapshot_module *module,
                               struct walk_entry *entry) {
    for (size_t i = 0; i < walk->snapshot->n_memory && !entry->memory_tables; i++) {
        const struct snapshot_memory *memory = &walk->snapshot->memory[i];
        if (memory->kind != SNAPSHOT_MEMORY_KIND_UNWIND || memory->address < module->base ||
            memory->address >= module->end)
            continue;
        if (unwind_tables_from_memory(memory->address - module->bias, memory->bytes, memory->size,
                                      &entry->memory_tables) < 0)
            entry->memory_tables = NULL;
    }
    entry->tables = entry->memory_tables;
}

static void relocate_frames(struct walk_entry *entry, uint64_t bias) {
    const struct unwind_synthetic *debug = entry->tables ? &entry->tables->debug_frame : NULL;
    if (!debug || !debug->frames || entry->debug_frames ||
        !(entry->debug_frames = malloc(debug->frames_size)))
        return;
    memcpy(entry->debug_frames, debug->frames, debug->frames_size);
    unwind_synthetic_relocate(debug, entry->debug_frames, bias);
}

const struct unwind_tables *walk_tables(struct walk *walk, size_t index) {
    struct walk_entry *entry = &walk->entries[index];
    if (entry->tables_tried)
        return entry->tables;
    entry->tables_tried = true;
    const struct snapshot_module *module = &walk->snapshot->modules[index];
    if (walk_open(walk, index))
        entry->tables = module_unwind(walk->cache, &walk->source, entry->module);
    else
        tables_from_memory(walk, module, entry);
    relocate_frames(entry, module->bias);
    return entry->tables;
}

const struct unwind_tables *walk_debug_tables(struct walk *walk, size_t index) {
    struct walk_entry *entry = &walk->entries[index];
    if (entry->debug_tables_tried || !entry->module)
        return NULL;
    entry->debug_tables_tried = true;
    entry->tables = module_unwind_debug(walk->cache, &walk->source, entry->module);
    relocate_frames(entry, walk->snapshot->modules[index].bias);
    return entry->tables;
}

/* .dynsym stands in front of .dynstr. */
static void symbols_from_snapshot(struct walk *walk, const struct snapshot_module *module,
                                  struct walk_entry *entry) {
    const struct snapshot_memory *table = NULL;
    for (size_t i = 0; i < walk->snapshot->n_memory; i++) {
        const struct snapshot_memory *memory = &walk->snapshot->memory[i];
        if (memory->kind != SNAPSHOT_MEMORY_KIND_SYMBOLS || memory->address < module->base ||
            memory->address >= module->end)
            continue;
        if (!table) {
            table = memory;
            continue;
        }
        if (symbols_from_memory(table->bytes, table->size, (const char *)memory->bytes,
                                memory->size, &entry->memory_symbols) < 0)
            entry->memory_symbols = NULL;
        return;
    }
}

const struct symbols *walk_symbols(struct walk *walk, size_t index) {
    struct walk_entry *entry = &walk->entries[index];
    struct module *names = walk_names(walk, index);
    if (names)
        return module_symbols(walk->cache, &walk->source, names);
    if (!entry->symbols_tried) {
        entry->symbols_tried = true;
        symbols_from_snapshot(walk, &walk->snapshot->modules[index], entry);
    }
    return entry->memory_symbols;
}

const struct objects *walk_objects(struct walk *walk, size_t index) {
    struct walk_entry *entry = &walk->entries[index];
    struct module *module = walk_open(walk, index);
    if (!entry->objects_tried && module) {
        entry->objects_tried = true;
        if (objects_new(module->file, module->debug, &entry->objects) < 0)
            entry->objects = NULL;
    }
    return entry->objects;
}

int walk_new(struct symbolizer *symbolizer, const struct snapshot *snapshot,
             const struct walk_file *files, size_t n_files, struct walk **ret) {
    struct walk *walk = calloc(1, sizeof(*walk));
    if (!walk)
        return -ENOMEM;
    symbolizer_configure(symbolizer, walk);
    walk->snapshot = snapshot;
    walk->budget = (struct walk_budget){.unwound = 256 << 10,
                                        .scanned = 1 << 20,
                                        .followed = 1 << 20,
                                        .bridged = 64 << 10,
                                        .symbolized = 32 << 10,
                                        .sourced = 4 << 10,
                                        .jumped = 4 << 20,
                                        .described = 1 << 10,
                                        .evaluated = 4 << 20};
    walk->source = (struct file_source){files, n_files};
    walk->sources.bytes = SOURCE_BYTES;
    walk->entries = calloc(snapshot->n_modules + 1, sizeof(*walk->entries));
    if (!walk->entries || unwinder_new(walk, &walk->unwinder) < 0) {
        walk_free(walk);
        return -ENOMEM;
    }
    *ret = walk;
    return 0;
}

void walk_set_variables(struct walk *walk, const struct variable_policy *policy) {
    walk->variables = *policy;
}

void walk_set_sources(struct walk *walk, const struct source_places *places) {
    walk->sources.places = *places;
}

struct walk *walk_free(struct walk *walk) {
    if (!walk)
        return NULL;
    source_finder_clear(&walk->sources);
    unwinder_free(walk->unwinder);
    for (size_t i = 0; walk->entries && i < walk->snapshot->n_modules; i++) {
        struct walk_entry *entry = &walk->entries[i];
        module_release(walk->cache, entry->module);
        module_release(walk->cache, entry->names);
        unwind_tables_free(entry->memory_tables);
        symbols_free(entry->memory_symbols);
        objects_free(entry->objects);
        free(entry->debug_frames);
        free(entry->package_note);
    }
    free(walk->entries);
    free(walk);
    return NULL;
}

static char *read_package_note(const struct elf_file *file) {
    size_t size;
    const uint8_t *section = elf_file_section(file, ".note.package", &size, NULL);
    GElf_Nhdr header;
    if (!section || size < sizeof(header))
        return NULL;
    memcpy(&header, section, sizeof(header));
    uint64_t start = sizeof(header) + ((uint64_t)header.n_namesz + 3) / 4 * 4;
    if (header.n_type != PACKAGE_NOTE_TYPE || header.n_descsz > PACKAGE_NOTE_LIMIT ||
        start + header.n_descsz > size)
        return NULL;
    return strndup((const char *)section + start, header.n_descsz);
}

struct walk_module walk_module(struct walk *walk, size_t index) {
    struct walk_module ret = {.symbols = MODULE_SYMBOLS_UNUSED};
    if (index >= walk->snapshot->n_modules)
        return ret;
    const struct snapshot_module *known = &walk->snapshot->modules[index];
    struct walk_entry *entry = &walk->entries[index];
    if (known->build_id_size == 0)
        walk_open(walk, index);
    struct module *module = entry->module, *names = module ? module : entry->names;
    ret.problem = entry->problem;
    ret.package_note = text_empty(known->package_note) ? NULL : known->package_note;
    if (entry->used && names && names->functions) {
        ret.symbols = MODULE_SYMBOLS_DWARF;
        ret.indexed = functions_indexed(names->functions);
        /* An index does without it, but the report names it. */
        module_debug_file(walk->cache, &walk->source, names);
    } else if (entry->used) {
        const struct symbols *symbols = walk_symbols(walk, index);
        ret.symbols = symbols && !symbols_empty(symbols) ? MODULE_SYMBOLS_ELF : MODULE_SYMBOLS_NONE;
    }
    if (!module) {
        ret.debug_file = names ? names->file->path : NULL;
        return ret;
    }
    ret.vmaddr = elf_file_lowest_address(module->file);
    if (module->debug)
        ret.debug_file = module->debug->path;
    if (!ret.package_note && !entry->package_note)
        entry->package_note = read_package_note(module->file);
    if (!ret.package_note)
        ret.package_note = entry->package_note;
    if (known->build_id_size == 0 && elf_file_text_id(module->file, entry->text_id))
        ret.text_id = entry->text_id;
    return ret;
}
