/* SPDX-License-Identifier: MIT */
#include "crashd/keptfiles.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "crashd/debugcache.h"
#include "crashd/wanted.h"

struct keptfiles {
    const char *directory;
    struct walk_file files[KEPTFILES_MAX];
    size_t n;
};

struct keptfiles *keptfiles_new(const char *directory) {
    struct keptfiles *kept = calloc(1, sizeof *kept);
    if (kept)
        kept->directory = directory;
    return kept;
}

static void drop(struct keptfiles *kept, size_t index) {
    close(kept->files[index].fd);
    free((char *)kept->files[index].path);
    memmove(&kept->files[index], &kept->files[index + 1],
            (--kept->n - index) * sizeof kept->files[0]);
}

struct keptfiles *keptfiles_free(struct keptfiles *kept) {
    while (kept && kept->n > 0)
        drop(kept, kept->n - 1);
    free(kept);
    return NULL;
}

bool keptfiles_add(struct keptfiles *kept, const json_t *key, int fd) {
    struct debugcache_key parsed;
    char below[DEBUGCACHE_PATH_MAX], *path;
    if (!kept || !kept->directory || !debugcache_key_read(key, &parsed))
        return false;
    debugcache_path(&parsed, below);
    if (asprintf(&path, "%s/%s", kept->directory, below) < 0)
        return false;
    for (size_t i = kept->n; i-- > 0;)
        if (strcmp(kept->files[i].path, path) == 0)
            drop(kept, i);
    if (kept->n == KEPTFILES_MAX)
        drop(kept, 0);
    kept->files[kept->n++] = (struct walk_file){path, fd};
    return true;
}

size_t keptfiles_list(const struct keptfiles *kept, struct walk_file files[KEPTFILES_MAX]) {
    if (kept)
        memcpy(files, kept->files, kept->n * sizeof *files);
    return kept ? kept->n : 0;
}

json_t *keptfiles_used(const struct keptfiles *kept, const struct crash_report *report) {
    json_t *keys = kept && kept->directory ? json_array() : NULL;
    for (size_t i = 0; keys && i < report->n_modules && json_array_size(keys) < WANTED_MAX; i++) {
        const struct report_module *module = &report->modules[i];
        struct debugcache_key key = {0};
        if (!module->debug_file || !text_starts_with(module->debug_file, kept->directory))
            continue;
        memcpy(key.build_id, module->code_id, sizeof key.build_id);
        json_array_append_new(keys, debugcache_key_write(&key));
    }
    return keys;
}
