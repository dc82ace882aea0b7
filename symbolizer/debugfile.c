/* SPDX-License-Identifier: MIT */
#include "symbolizer/debugfile.h"

#include <elfutils/libdwelf.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/hex.h"
#include "base/text.h"

/* Debug files are large, but not so large that reading one whole is a delay. */
enum { CRC_LIMIT = 1 << 30 };

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
    } else if (debug->size > CRC_LIMIT || crc32_z(0, debug->image, debug->size) != crc) {
        return -ESTALE;
    }
    *ret = TAKE_POINTER(debug);
    return 0;
}

/* A link as it stands in the file that lies in directory (without its last slash). */
struct link {
    const char *directory, *name;
    int length; /* of directory */
    uint32_t crc;
};

static int try_below(const struct file_source *source, const char *root, const struct link *link,
                     const struct elf_file *file, struct elf_file **ret) {
    char path[PATH_MAX];
    int n =
        snprintf(path, sizeof(path), "%s%.*s/%s", root, link->length, link->directory, link->name);
    if (n < 0 || (size_t)n >= sizeof(path))
        return -ENAMETOOLONG;
    return try_link(source, path, file, link->crc, ret);
}

static int find_from(const struct file_source *source, const char *const *directories,
                     const struct elf_file *file, const char *path, const char *name, uint32_t crc,
                     struct elf_file **ret) {
    const char *slash = strrchr(path, '/');
    if (!slash)
        return -ENOENT;
    struct link link = {.directory = path, .name = name, .length = (int)(slash - path), .crc = crc};
    char hidden[PATH_MAX];
    if (try_below(source, "", &link, file, ret) == 0)
        return 0;
    int n = snprintf(hidden, sizeof(hidden), "%.*s/.debug/%s", link.length, path, name);
    if (n > 0 && (size_t)n < sizeof(hidden) && try_link(source, hidden, file, crc, ret) == 0)
        return 0;
    for (; *directories; directories++) {
        if (try_below(source, *directories, &link, file, ret) == 0)
            return 0;
        /* Packages name their files as it was before /usr was merged, the kernel as it is. */
        struct link merged = link;
        if (text_starts_with(path, "/usr/")) {
            merged.directory += strlen("/usr");
            merged.length -= (int)strlen("/usr");
            if (try_below(source, *directories, &merged, file, ret) == 0)
                return 0;
        }
    }
    return -ENOENT;
}

static int find_by_link(const struct file_source *source, const char *const *directories,
                        const struct elf_file *file, struct elf_file **ret) {
    GElf_Word crc;
    const char *name = dwelf_elf_gnu_debuglink(file->elf, &crc);
    if (text_empty(name) || strchr(name, '/'))
        return -ENOENT;
    if (find_from(source, directories, file, file->path, name, crc, ret) == 0)
        return 0;
    /* Beside what a symbolic link leads to. */
    char real[PATH_MAX];
    if (!realpath(file->path, real) || strcmp(real, file->path) == 0)
        return -ENOENT;
    return find_from(source, directories, file, real, name, crc, ret);
}

int debugfile_find(const struct file_source *source, const char *const *directories,
                   const struct elf_file *file, struct elf_file **ret) {
    if (file->build_id_size > 0 &&
        find_by_build_id(source, directories, file->build_id, file->build_id_size, ret) == 0)
        return 0;
    return find_by_link(source, directories, file, ret);
}

static int find_named(const struct file_source *source, const char *path, const char *name,
                      const uint8_t *build_id, size_t build_id_size, struct elf_file **ret) {
    char joined[PATH_MAX];
    const char *slash = strrchr(path, '/');
    int n = *name == '/' || !slash
                ? snprintf(joined, sizeof(joined), "%s", name)
                : snprintf(joined, sizeof(joined), "%.*s/%s", (int)(slash - path), path, name);
    if (n < 0 || (size_t)n >= sizeof(joined))
        return -ENAMETOOLONG;
    return try_build_id(source, joined, build_id, build_id_size, ret);
}

int debugfile_find_alternate(const struct file_source *source, const char *const *directories,
                             const struct elf_file *file, const char *name, const uint8_t *build_id,
                             size_t build_id_size, struct elf_file **ret) {
    char real[PATH_MAX];
    if (find_named(source, file->path, name, build_id, build_id_size, ret) == 0)
        return 0;
    /* Files in build-id directories often are links to where the name is relative to. */
    if (*name != '/' && realpath(file->path, real) &&
        find_named(source, real, name, build_id, build_id_size, ret) == 0)
        return 0;
    return find_by_build_id(source, directories, build_id, build_id_size, ret);
}
