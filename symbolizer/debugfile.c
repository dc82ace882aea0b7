/* SPDX-License-Identifier: MIT */
#include "symbolizer/debugfile.h"

#include <elfutils/libdwelf.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "base/hex.h"

static bool same_id(const struct elf_file *file, const uint8_t *id, size_t size) {
    return file->build_id_size == size && memcmp(file->build_id, id, size) == 0;
}

static int try_build_id(const struct file_source *source, const char *path, const uint8_t *id,
                        size_t size, struct elf_file **ret) {
    BASE_CLEANUP(elf_file_close)
    struct elf_file *file = NULL;
    int r = elf_file_open(source, path, &file);
    if (r < 0)
        return r;
    if (!same_id(file, id, size))
        return -ESTALE;
    *ret = TAKE_POINTER(file);
    return 0;
}

static int find_by_build_id(const struct file_source *source, const char *const *directories,
                            const uint8_t *id, size_t size, struct elf_file **ret) {
    char text[129], path[PATH_MAX];
    if (size < 2 || size > 64)
        return -ENOENT;
    hex_encode(id, size, text);
    for (; *directories; directories++) {
        int n = snprintf(path, sizeof(path), "%s/.build-id/%.2s/%s.debug", *directories, text,
                         text + 2);
        if (n > 0 && (size_t)n < sizeof(path) && try_build_id(source, path, id, size, ret) == 0)
            return 0;
    }
    return -ENOENT;
}

static int try_link(const struct file_source *source, const char *path, const struct elf_file *file,
                    uint32_t crc, struct elf_file **ret) {
    BASE_CLEANUP(elf_file_close)
    struct elf_file *debug = NULL;
    int r = elf_file_open(source, path, &debug);
    if (r < 0)
        return r;
    if (debug->status.st_dev == file->status.st_dev && debug->status.st_ino == file->status.st_ino)
        return -ESTALE;
    if (file->build_id_size > 0 && debug->build_id_size > 0) {
        if (!same_id(debug, file->build_id, file->build_id_size))
            return -ESTALE;
    } else if (crc32_z(0, debug->image, debug->size) != crc) {
        return -ESTALE;
    }
    *ret = TAKE_POINTER(debug);
    return 0;
}

static int find_by_link(const struct file_source *source, const char *const *directories,
                        const struct elf_file *file, struct elf_file **ret) {
    GElf_Word crc;
    const char *link = dwelf_elf_gnu_debuglink(file->elf, &crc);
    const char *slash = strrchr(file->path, '/');
    if (!link || *link == '\0' || strchr(link, '/') || !slash)
        return -ENOENT;
    int length = (int)(slash - file->path);
    char path[PATH_MAX];
    for (size_t i = 0; i == 0 || i == 1 || directories[i - 2]; i++) {
        int n = i == 0   ? snprintf(path, sizeof(path), "%.*s/%s", length, file->path, link)
                : i == 1 ? snprintf(path, sizeof(path), "%.*s/.debug/%s", length, file->path, link)
                         : snprintf(path, sizeof(path), "%s%.*s/%s", directories[i - 2], length,
                                    file->path, link);
        if (n > 0 && (size_t)n < sizeof(path) && try_link(source, path, file, crc, ret) == 0)
            return 0;
    }
    return -ENOENT;
}

int debugfile_find(const struct file_source *source, const char *const *directories,
                   const struct elf_file *file, struct elf_file **ret) {
    if (file->build_id_size > 0 &&
        find_by_build_id(source, directories, file->build_id, file->build_id_size, ret) == 0)
        return 0;
    return find_by_link(source, directories, file, ret);
}

int debugfile_find_alternate(const struct file_source *source, const char *const *directories,
                             const struct elf_file *file, const char *name, const uint8_t *build_id,
                             size_t build_id_size, struct elf_file **ret) {
    char path[PATH_MAX];
    const char *slash = strrchr(file->path, '/');
    int n = *name == '/' || !slash ? snprintf(path, sizeof(path), "%s", name)
                                   : snprintf(path, sizeof(path), "%.*s/%s",
                                              (int)(slash - file->path), file->path, name);
    if (n > 0 && (size_t)n < sizeof(path) &&
        try_build_id(source, path, build_id, build_id_size, ret) == 0)
        return 0;
    return find_by_build_id(source, directories, build_id, build_id_size, ret);
}
