/* SPDX-License-Identifier: MIT */
#include "symbolizer/sourceplace.h"

#include <string.h>

#include "base/text.h"
#include "symbolizer/elf_file.h"
#include "symbolizer/path.h"

void source_finder_clear(struct source_finder *finder) {
    finder->tree = source_tree_free(finder->tree);
    finder->tree_tried = false;
}

/* Debug information is the word of whoever made the file. Root, who may read everything, shows only
 * what everybody may. */
static int open_source(const char *path, struct stat *status) {
    int fd = file_source_open(NULL, path, status);
    if (fd >= 0 && geteuid() == 0 && !(status->st_mode & S_IROTH)) {
        close(fd);
        return -EACCES;
    }
    return fd;
}

/* Behind prefix, where path begins with all of its parts; NULL if it does not. */
static const char *below(const char *path, const char *prefix) {
    size_t length = strlen(prefix);
    while (length > 1 && prefix[length - 1] == '/')
        length--;
    /* "." stands for what a path without a root is relative to. */
    if (strcmp(prefix, ".") == 0)
        return *path == '/' ? NULL : path;
    if (strncmp(path, prefix, length) != 0)
        return NULL;
    path += length;
    return *path == '\0' || *path == '/' || prefix[length - 1] == '/' ? path : NULL;
}

/* The longest FROM; of equal ones the last, which is the more special one. */
static char *apply_maps(const struct source_places *places, const char *path) {
    const struct source_map *best = NULL;
    const char *rest = NULL;
    for (size_t i = 0; i < places->n_maps; i++) {
        const struct source_map *map = &places->maps[i];
        const char *behind = below(path, map->from);
        if (behind && (!best || strlen(map->from) >= strlen(best->from))) {
            best = map;
            rest = behind;
        }
    }
    return best ? path_normalize(best->to, rest + strspn(rest, "/")) : NULL;
}

static bool of_the_system(const char *module) {
    return (text_starts_with(module, "/usr/") && !text_starts_with(module, "/usr/local/")) ||
           text_starts_with(module, "/lib");
}

/* A file of a checkout elsewhere. Libraries of the system were not built from the tree that we are
 * in: not worth looking through it. */
static char *find_in_tree(struct source_finder *finder, const char *path, const char *module) {
    const char *directory = finder->places.work_directory;
    if (of_the_system(module) || strcmp(directory, "/") == 0)
        return NULL;
    if (!finder->tree_tried) {
        finder->tree_tried = true;
        if (source_tree_read(directory, &finder->tree) < 0)
            finder->tree = NULL;
    }
    return finder->tree ? source_tree_find(finder->tree, path) : NULL;
}

/* A path that begins with ".." leads out of the tree. */
static char *find_in_directory(const struct source_places *places, const char *path) {
    BASE_CLEANUP(free)
    char *joined = path_normalize(places->work_directory, path);
    const char *behind = joined ? below(joined, places->work_directory) : NULL;
    return behind && *behind ? TAKE_POINTER(joined) : NULL;
}

static int try(char *path, struct stat *status, char **found) {
    BASE_CLEANUP(free)
    char *owned = path;
    int fd = owned ? open_source(owned, status) : -ENOENT;
    if (fd >= 0)
        *found = TAKE_POINTER(owned);
    return fd;
}

int source_find(struct source_finder *finder, const char *path, const char *module,
                struct stat *status, char **found) {
    const struct source_places *places = &finder->places;
    *found = NULL;
    if (places->elsewhere)
        return -ENOENT;
    int fd = try(apply_maps(places, path), status, found);
    if (fd < 0 && *path == '/')
        fd = open_source(path, status);
    bool has_directory = places->work_directory && *places->work_directory == '/';
    if (fd < 0 && *path != '/' && has_directory)
        fd = try(find_in_directory(places, path), status, found);
    if (fd < 0 && has_directory)
        fd = try(find_in_tree(finder, path, module), status, found);
    return fd;
}
