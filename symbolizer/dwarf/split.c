/* SPDX-License-Identifier: MIT */
#include "symbolizer/dwarf/split.h"

#include <dwarf.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "symbolizer/dwarf/package.h"
#include "symbolizer/dwarf/unit.h"

enum { SPLITS_LIMIT = 1 << 16 };

struct dw_split {
    struct elf_file *file;
    struct dw_info *info;
};

void dw_splits_free(struct dw_info *info) {
    for (size_t i = 0; i < info->n_splits; i++) {
        dw_info_free(info->splits[i].info);
        elf_file_close(info->splits[i].file);
    }
    free(info->splits);
    info->splits = NULL;
    info->n_splits = 0;
}

/* Descriptors of a snapshot's caller are of modules, and do not live as long as what is kept of
 * one.
 */
static struct dw_info *open_split(struct dw_info *info, const char *path) {
    BASE_CLEANUP(elf_file_close)
    struct elf_file *file = NULL;
    BASE_CLEANUP(dw_info_free)
    struct dw_info *split = NULL;
    if (info->n_splits == SPLITS_LIMIT || elf_file_open(NULL, path, &file) < 0 ||
        dw_info_new(file, true, &split) < 0)
        return NULL;
    struct dw_split *grown = grow(info->splits, info->n_splits, sizeof(*grown));
    if (!grown)
        return NULL;
    info->splits = grown;
    struct dw_info *ret = split;
    grown[info->n_splits++] = (struct dw_split){TAKE_POINTER(file), TAKE_POINTER(split)};
    return ret;
}

/* Only beside the program, as gdb and lldb look for it. */
static struct dw_info *open_package(struct dw_info *info) {
    char path[PATH_MAX];
    if (info->package_tried)
        return info->package;
    info->package_tried = true;
    int n = snprintf(path, sizeof(path), "%s.dwp", info->file->path);
    if (n > 0 && (size_t)n < sizeof(path))
        info->package = open_split(info, path);
    return info->package;
}

static struct dw_unit *unit_with_id(struct dw_info *split, uint64_t id) {
    for (size_t i = 0; i < split->n_info_units; i++) {
        struct dw_unit *unit = &split->units[i];
        if (unit->type != DW_UT_split_type && unit->type != DW_UT_type && dw_unit_read_root(unit) &&
            unit->dwo_id == id)
            return unit;
    }
    return NULL;
}

static struct dw_unit *try_path(struct dw_info *info, uint64_t id, const char *directory,
                                int length, const char *name) {
    char path[PATH_MAX];
    int n = length > 0 ? snprintf(path, sizeof(path), "%.*s/%s", length, directory, name)
                       : snprintf(path, sizeof(path), "%s", name);
    if (n <= 0 || (size_t)n >= sizeof(path) || *path != '/')
        return NULL;
    struct dw_info *split = open_split(info, path);
    return split ? unit_with_id(split, id) : NULL;
}

/* Where the compiler left it, else beside the program. */
static struct dw_unit *find_file(struct dw_info *info, uint64_t id, const char *name,
                                 const char *comp_dir) {
    const char *slash = strrchr(info->file->path, '/');
    int length = slash ? (int)(slash - info->file->path) : 0;
    const char *base = strrchr(name, '/');
    struct dw_unit *unit = NULL;
    if (*name == '/')
        unit = try_path(info, id, NULL, 0, name);
    else if (comp_dir)
        unit = try_path(info, id, comp_dir, (int)strlen(comp_dir), name);
    if (!unit && *name != '/')
        unit = try_path(info, id, info->file->path, length, name);
    if (!unit && base)
        unit = try_path(info, id, info->file->path, length, base + 1);
    return unit;
}

struct dw_unit *dw_split_find(struct dw_unit *skeleton, const char *name, const char *comp_dir) {
    struct dw_info *info = skeleton->info;
    struct dw_info *package = open_package(info);
    struct dw_unit *unit =
        package ? dw_package_unit(package, DW_SECTION_CU_INDEX, skeleton->dwo_id) : NULL;
    if (!unit && name)
        unit = find_file(info, skeleton->dwo_id, name, comp_dir);
    if (!unit || !dw_unit_read_root(unit))
        return NULL;
    unit->skeleton = skeleton;
    unit->base = skeleton->base;
    return unit;
}
