/* SPDX-License-Identifier: MIT */
/* Addresses of one file on disk, without a snapshot. */
#include "symbolizer/file.h"

#include <errno.h>

#include "symbolizer/frames.h"

static const char *const DEBUG_DIRECTORIES[] = {"/usr/lib/debug", NULL};

struct symbolizer_file {
    struct module_cache cache;
    struct module *module;
};

int symbolizer_file_open(const char *path, struct index_place *indexes,
                         struct symbolizer_file **ret) {
    struct symbolizer_file *file = calloc(1, sizeof(*file));
    if (!file)
        return -ENOMEM;
    file->cache = (struct module_cache){
        .debug_directories = DEBUG_DIRECTORIES, .indexes = indexes, .limit = 1};
    int r = module_acquire(&file->cache, NULL, path, NULL, 0, &file->module);
    if (r < 0) {
        module_cache_free(&file->cache);
        free(file);
        return r;
    }
    *ret = file;
    return 0;
}

struct symbolizer_file *symbolizer_file_close(struct symbolizer_file *file) {
    if (file) {
        module_release(&file->cache, file->module);
        module_cache_free(&file->cache);
        free(file);
    }
    return NULL;
}

static const struct symbols *file_symbols(void *data) {
    struct symbolizer_file *file = data;
    return module_symbols(&file->cache, NULL, file->module);
}

int symbolizer_file_lookup(struct symbolizer_file *file, uint64_t address, struct stack *ret) {
    struct frame_context context = {.cache = &file->cache};
    struct frame base = {
        .pc = address, .lookup = address, .module = -1, .offset = address, .interrupted = true};
    struct frame_list list = {0};
    int r = frames_append(&context, file->module, file_symbols, file, address, &base, &list);
    if (r < 0) {
        frame_list_free(&list);
        return r;
    }
    *ret = (struct stack){.frames = list.frames, .n_frames = list.n, .complete = true};
    return 0;
}

struct functions *symbolizer_file_functions(struct symbolizer_file *file) {
    return module_functions(&file->cache, NULL, file->module);
}

const struct elf_file *symbolizer_file_image(const struct symbolizer_file *file) {
    return file->module->file;
}

const struct elf_file *symbolizer_file_debug(struct symbolizer_file *file) {
    return module_debug_file(&file->cache, NULL, file->module);
}

int symbolizer_file_index(struct symbolizer_file *file, int fd, uint64_t limit) {
    return module_build_index(&file->cache, NULL, file->module, fd, limit);
}
