/* SPDX-License-Identifier: MIT */
#include "symbolizer/sourcetree.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/text.h"

enum { FILES_LIMIT = 20000, DIRECTORIES_LIMIT = 4000, PARTS_LEAST = 2 };

struct source_tree {
    char **files; /* whole paths, sorted by the name in the last directory */
    size_t n_files;
    char **directories; /* those that wait to be read, and those that were */
    size_t n_directories;
};

struct source_tree *source_tree_free(struct source_tree *tree) {
    if (!tree)
        return NULL;
    for (size_t i = 0; i < tree->n_files; i++)
        free(tree->files[i]);
    for (size_t i = 0; i < tree->n_directories; i++)
        free(tree->directories[i]);
    free(tree->files);
    free(tree->directories);
    free(tree);
    return NULL;
}

static int add(char ***list, size_t *n, size_t limit, const char *directory, const char *name) {
    char *path;
    if (*n == limit)
        return -E2BIG;
    if (!*list && !(*list = calloc(limit, sizeof **list)))
        return -ENOMEM;
    if (asprintf(&path, "%s%s%s", directory, *name ? "/" : "", name) < 0)
        return -ENOMEM;
    (*list)[(*n)++] = path;
    return 0;
}

static unsigned char type_of(int directory, const struct dirent *entry) {
    struct stat status;
    if (entry->d_type != DT_UNKNOWN)
        return entry->d_type;
    if (fstatat(directory, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) < 0)
        return DT_UNKNOWN;
    return S_ISDIR(status.st_mode) ? DT_DIR : S_ISREG(status.st_mode) ? DT_REG : DT_UNKNOWN;
}

static int read_directory(struct source_tree *tree, const char *path) {
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return 0;
    BASE_CLEANUP(closedir)
    DIR *directory = fdopendir(fd);
    struct dirent *entry;
    int r = 0;
    if (!directory) {
        close(fd);
        return -ENOMEM;
    }
    while (r == 0 && (entry = readdir(directory))) {
        /* Version control's and tools' own stores hold no sources, but many files. */
        if (entry->d_name[0] == '.' || strcmp(entry->d_name, "node_modules") == 0)
            continue;
        unsigned char type = type_of(dirfd(directory), entry);
        if (type == DT_REG)
            r = add(&tree->files, &tree->n_files, FILES_LIMIT, path, entry->d_name);
        else if (type == DT_DIR)
            r = add(&tree->directories, &tree->n_directories, DIRECTORIES_LIMIT, path,
                    entry->d_name);
    }
    return r;
}

static int compare(const void *a, const void *b) {
    const char *const *x = a, *const *y = b;
    return strcmp(text_basename(*x), text_basename(*y));
}

int source_tree_read(const char *directory, struct source_tree **ret) {
    struct source_tree *tree = calloc(1, sizeof *tree);
    if (!tree)
        return -ENOMEM;
    int r = add(&tree->directories, &tree->n_directories, DIRECTORIES_LIMIT, directory, "");
    for (size_t i = 0; r == 0 && i < tree->n_directories; i++)
        r = read_directory(tree, tree->directories[i]);
    if (r < 0) {
        source_tree_free(tree);
        return r;
    }
    if (tree->n_files > 0)
        qsort(tree->files, tree->n_files, sizeof *tree->files, compare);
    *ret = tree;
    return 0;
}

/* How many parts at their ends the paths share. */
static size_t common_parts(const char *a, const char *b) {
    const char *x = a + strlen(a), *y = b + strlen(b);
    size_t n = 0;
    while (x > a && y > b && x[-1] == y[-1]) {
        x--;
        y--;
        n += *x == '/';
    }
    bool whole = (x == a || x[-1] == '/') && (y == b || y[-1] == '/') && *x != '/';
    return n + whole;
}

char *source_tree_find(const struct source_tree *tree, const char *path) {
    size_t low = 0, high = tree->n_files, best_parts = PARTS_LEAST - 1;
    const char *name = text_basename(path), *best = NULL;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(text_basename(tree->files[middle]), name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < tree->n_files && strcmp(text_basename(tree->files[low]), name) == 0; low++) {
        size_t parts = common_parts(tree->files[low], path);
        if (parts > best_parts) {
            best_parts = parts;
            best = tree->files[low];
        } else if (parts == best_parts) {
            best = NULL;
        }
    }
    return best ? strdup(best) : NULL;
}
