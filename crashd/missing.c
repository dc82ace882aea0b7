/* SPDX-License-Identifier: MIT */
#include "crashd/missing.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/hex.h"
#include "crashd/debugcache.h"
#include "crashd/wanted.h"

struct search {
    struct walk *walk;
    json_t *keys;
    bool *seen; /* modules */
};

static void add_module(struct search *search, size_t module) {
    struct walk_missing missing[WALK_MISSING_MAX];
    if (search->seen[module])
        return;
    search->seen[module] = true;
    size_t n = walk_missing(search->walk, module, missing);
    for (size_t i = 0; i < n && json_array_size(search->keys) < WANTED_MAX; i++) {
        struct debugcache_key key = {.executable = missing[i].executable};
        if (missing[i].build_id_size > DEBUGCACHE_ID_MAX / 2)
            continue;
        hex_encode(missing[i].build_id, missing[i].build_id_size, key.build_id);
        json_array_append_new(search->keys, debugcache_key_write(&key));
    }
}

static void add_thread(struct search *search, const struct report_thread *thread, bool in_app) {
    for (size_t i = 0; i < thread->stack.n_frames; i++)
        if (thread->stack.frames[i].module >= 0 && thread->in_app[i] == in_app)
            add_module(search, (size_t)thread->stack.frames[i].module);
}

json_t *missing_list(const struct crash_report *report, struct walk *walk) {
    BASE_CLEANUP(free)
    bool *seen = calloc(report->snapshot->n_modules + 1, sizeof *seen);
    struct search search = {walk, json_array(), seen};
    if (!seen || !search.keys)
        return search.keys;
    for (int rest = 0; rest < 2; rest++)
        for (int in_app = 1; in_app >= 0; in_app--)
            for (size_t i = rest ? 1 : 0; i < (rest ? report->n_threads : report->n_threads > 0);
                 i++)
                add_thread(&search, &report->threads[i], in_app);
    return search.keys;
}
