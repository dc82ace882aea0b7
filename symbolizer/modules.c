/* SPDX-License-Identifier: MIT */
#include "symbolizer/modules.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/hex.h"
#include "symbolizer/debugfile.h"
#include "symbolizer/index/build.h"

static void module_close(struct module *module) {
    functions_free(module->functions);
    symbols_free(module->symbols);
    unwind_tables_free(module->unwind);
    dw_info_free(module->info);
    dw_info_free(module->alternate_info);
    elf_file_close(module->mini);
    elf_file_close(module->alternate);
    elf_file_close(module->debug);
    elf_file_close(module->file);
    free(module);
}

static void remove_at(struct module_cache *cache, size_t index) {
    module_close(cache->modules[index]);
    cache->modules[index] = cache->modules[--cache->n];
}

/* Modules in use stay, even beyond the limit. */
static void shrink(struct module_cache *cache) {
    while (cache->n > cache->limit) {
        size_t oldest = SIZE_MAX;
        for (size_t i = 0; i < cache->n; i++)
            if (cache->modules[i]->users == 0 &&
                (oldest == SIZE_MAX || cache->modules[i]->used < cache->modules[oldest]->used))
                oldest = i;
        if (oldest == SIZE_MAX)
            return;
        remove_at(cache, oldest);
    }
}

static bool same_file(const struct stat *a, const struct stat *b) {
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static int keep(struct module_cache *cache, struct elf_file *file, struct module **ret) {
    struct module *module = calloc(1, sizeof(*module));
    struct module **grown = reallocarray(cache->modules, cache->n + 1, sizeof(*cache->modules));
    if (grown)
        cache->modules = grown;
    if (!module || !grown) {
        free(module);
        elf_file_close(file);
        return -ENOMEM;
    }
    module->file = file;
    module->users = 1;
    module->used = ++cache->turn;
    cache->modules[cache->n++] = module;
    shrink(cache);
    *ret = module;
    return 0;
}

int module_acquire(struct module_cache *cache, const struct file_source *source, const char *path,
                   const uint8_t *build_id, size_t build_id_size, struct module **ret) {
    BASE_CLEANUP(elf_file_close)
    struct elf_file *file = NULL;
    int r = elf_file_open(source, path, &file);
    if (r < 0)
        return r;
    if (build_id_size > 0 && (file->build_id_size != build_id_size ||
                              memcmp(file->build_id, build_id, build_id_size) != 0))
        return -ESTALE;
    for (size_t i = 0; i < cache->n; i++) {
        struct module *known = cache->modules[i];
        if (known->file->fd < 0 || strcmp(known->file->path, path) != 0 ||
            !same_file(&known->file->status, &file->status))
            continue;
        known->users++;
        known->used = ++cache->turn;
        *ret = known;
        return 0;
    }
    return keep(cache, TAKE_POINTER(file), ret);
}

int module_acquire_by_build_id(struct module_cache *cache, const struct file_source *source,
                               const uint8_t *build_id, size_t build_id_size, bool debug,
                               struct module **ret) {
    char text[129], path[PATH_MAX];
    if (build_id_size < 2 || build_id_size > 64)
        return -ENOENT;
    hex_encode(build_id, build_id_size, text);
    for (const char *const *d = cache->debug_directories; *d; d++) {
        int n = snprintf(path, sizeof path, "%s/.build-id/%.2s/%s%s", *d, text, text + 2,
                         debug ? ".debug" : "");
        if (n > 0 && (size_t)n < sizeof path &&
            module_acquire(cache, source, path, build_id, build_id_size, ret) == 0)
            return 0;
    }
    return -ENOENT;
}

int module_from_memory(struct module_cache *cache, const char *path, void *memory, size_t size,
                       struct module **ret) {
    struct elf_file *file = NULL;
    int r = elf_file_from_memory(path, memory, size, &file);
    return r < 0 ? r : keep(cache, file, ret);
}

void module_release(struct module_cache *cache, struct module *module) {
    if (!module || --module->users > 0)
        return;
    for (size_t i = 0; i < cache->n && module->file->fd < 0; i++) {
        if (cache->modules[i] == module) {
            remove_at(cache, i);
            break;
        }
    }
    shrink(cache);
}

bool module_lacks_debug(const struct module *module) {
    return module->debug_tried && !module->functions &&
           !elf_file_has_dwarf(module->debug ? module->debug : module->file);
}

void module_cache_look_again(struct module_cache *cache) {
    for (size_t i = cache->n; i-- > 0;) {
        const struct module *module = cache->modules[i];
        if (module->users == 0 && (module_lacks_debug(module) || module->alternate_id_size > 0))
            remove_at(cache, i);
    }
}

void module_cache_free(struct module_cache *cache) {
    while (cache->n > 0)
        remove_at(cache, cache->n - 1);
    free(cache->modules);
    cache->modules = NULL;
}

/* .gnu_debugaltlink: a file name, then the build-id of the file. */
static void attach_alternate(struct module_cache *cache, const struct file_source *source,
                             struct module *module, const struct elf_file *file) {
    struct dw_slice link = dw_sections_get(&module->info->sections, DW_SECTION_ALTLINK);
    size_t length = link.data ? strnlen((const char *)link.data, link.size) : 0;
    if (length == 0 || length + 1 >= link.size)
        return;
    const uint8_t *build_id = link.data + length + 1;
    size_t size = link.size - length - 1;
    if (debugfile_find_alternate(source, cache->debug_directories, file, (const char *)link.data,
                                 build_id, size, &module->alternate) < 0) {
        if (size <= sizeof module->alternate_id) {
            memcpy(module->alternate_id, build_id, size);
            module->alternate_id_size = size;
        }
        return;
    }
    if (dw_info_new(module->alternate, false, &module->alternate_info) < 0)
        module->alternate_info = NULL;
    module->info->alternate = module->alternate_info;
}

static void find_debug(struct module_cache *cache, const struct file_source *source,
                       struct module *module) {
    if (module->debug_tried)
        return;
    module->debug_tried = true;
    if (!elf_file_has_dwarf(module->file) && module->file->fd >= 0 &&
        debugfile_find(source, cache->debug_directories, module->file, &module->debug) < 0)
        module->debug = NULL;
}

const struct elf_file *module_debug_file(struct module_cache *cache,
                                         const struct file_source *source, struct module *module) {
    find_debug(cache, source, module);
    return module->debug;
}

struct dw_info *module_info(struct module_cache *cache, const struct file_source *source,
                            struct module *module) {
    if (module->info_tried)
        return module->info;
    module->info_tried = true;
    find_debug(cache, source, module);
    const struct elf_file *file = module->debug ? module->debug : module->file;
    if (!elf_file_has_dwarf(file) || dw_info_new(file, false, &module->info) < 0)
        return NULL;
    attach_alternate(cache, source, module, file);
    return module->info;
}

static struct dw_info *open_info(void *data) {
    struct module *module = data;
    return module_info(module->cache, module->source, module);
}

static void index_damaged(void *data) {
    const struct module *module = data;
    index_place_complain(module->cache->indexes, module->file->build_id,
                         module->file->build_id_size, -EBADMSG);
}

/* The module's index, if there is one and it fits. */
static struct index *find_index(const struct module_cache *cache, const struct module *module) {
    const struct elf_file *file = module->file;
    struct index *index;
    if (!cache->indexes || file->build_id_size == 0 ||
        index_place_open(cache->indexes, file->build_id, file->build_id_size, &index) < 0)
        return NULL;
    return index;
}

struct functions *module_functions(struct module_cache *cache, const struct file_source *source,
                                   struct module *module) {
    module->cache = cache;
    module->source = source;
    if (module->functions_tried)
        return module->functions;
    module->functions_tried = true;
    struct index *index = find_index(cache, module);
    struct dw_info *info = index ? NULL : module_info(cache, source, module);
    int r = index
                ? functions_new_indexed(index,
                                        (struct functions_source){open_info, index_damaged, module},
                                        &module->functions)
            : info ? functions_new(info, &module->functions)
                   : -ENODATA;
    if (r < 0)
        module->functions = NULL;
    return module->functions;
}

int module_build_index(struct module_cache *cache, const struct file_source *source,
                       struct module *module, int fd, uint64_t limit) {
    struct dw_info *info = module_info(cache, source, module);
    if (!info)
        return -ENODATA;
    if (module->alternate_id_size > 0)
        return -ENOENT;
    struct index_build_options options = {
        .build_id = module->file->build_id,
        .build_id_size = module->file->build_id_size,
        .limit = limit,
    };
    return index_build(info, fd, &options);
}

const struct symbols *module_symbols(struct module_cache *cache, const struct file_source *source,
                                     struct module *module) {
    if (module->symbols_tried)
        return module->symbols;
    module->symbols_tried = true;
    find_debug(cache, source, module);
    if (!module->debug && symbols_unpack_mini(module->file, &module->mini) < 0)
        module->mini = NULL;
    if (symbols_new(module->file, module->debug, module->mini, &module->symbols) < 0)
        module->symbols = NULL;
    return module->symbols;
}

const struct unwind_tables *module_unwind(struct module_cache *cache,
                                          const struct file_source *source, struct module *module) {
    if (module->unwind_tried)
        return module->unwind;
    module->unwind_tried = true;
    if (unwind_tables_new(module->file, &module->unwind) < 0)
        module->unwind = NULL;
    return module->unwind;
}

const struct unwind_tables *module_unwind_debug(struct module_cache *cache,
                                                const struct file_source *source,
                                                struct module *module) {
    if (module->unwind_debug_tried || !module_unwind(cache, source, module))
        return module->unwind;
    module->unwind_debug_tried = true;
    find_debug(cache, source, module);
    if (module->debug)
        unwind_tables_add(module->unwind, module->debug);
    return module->unwind;
}
