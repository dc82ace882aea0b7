/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "config/value.h"
#include "control/debuginfod.h"
#include "control/statepath.h"
#include "crashctl/cachefiles.h"
#include "crashctl/indexdir.h"
#include "crashctl/verbs.h"

static const char HELP[] =
    "crashctl gc [OPTION...]\n"
    "\n"
    "Deletes what crashd can make or fetch again: indexes and debug files that nobody used for "
    "long,\n"
    "indexes that are damaged or of another version, and what is too much.\n"
    "\n"
    "  --max-age TIME   how long ago the last use may be; 30d\n"
    "  --max-size SIZE  what may be left of indexes, and of debug files; 2G\n"
    "  --index DIR      where crashctl index has put indexes, if not where it does by itself\n"
    "  --state-dir DIR  where crashd keeps its own (CRASHD_STATE_DIR)\n"
    "  -n, --dry-run    only says what would be deleted\n";

struct gc {
    uint64_t max_age, max_size; /* ns, bytes */
    bool dry_run;
    uint64_t freed;
    size_t n, kept;
    int problem;
};

static void cleanup_files(struct cachefiles *files) {
    cachefiles_free(files);
}

static void delete_file(struct gc *gc, const struct cachefile *file, const char *why) {
    if (!gc->dry_run && unlink(file->path) < 0 && errno != ENOENT) {
        gc->problem = -errno;
        fprintf(stderr, "crashctl: %s: %s\n", file->path, strerror(errno));
        return;
    }
    printf("%s %s (%s)\n", gc->dry_run ? "would delete" : "deleted", file->path, why);
    gc->freed += file->size;
    gc->n++;
}

static void collect(struct gc *gc, struct cachefiles *files) {
    int64_t now = time(NULL), age = (int64_t)(gc->max_age / 1000000000);
    uint64_t size = 0;
    cachefiles_sort(files);
    for (size_t i = 0; i < files->n; i++)
        size += files->files[i].size;
    for (size_t i = 0; i < files->n; i++) {
        const struct cachefile *file = &files->files[i];
        const char *why = file->useless            ? "of no use"
                          : now - file->used > age ? "not used for long"
                          : size > gc->max_size    ? "too much"
                                                   : NULL;
        if (!why) {
            gc->kept++;
            continue;
        }
        size -= file->size;
        delete_file(gc, file, why);
    }
}

static int run(struct gc *gc, const char *state, const char *indexes) {
    __attribute__((cleanup(cleanup_files))) struct cachefiles made = {0}, fetched = {0};
    BASE_CLEANUP(free)
    char *own = NULL;
    BASE_CLEANUP(free)
    char *debug = NULL;
    if (asprintf(&own, "%s/index", state) < 0)
        own = NULL;
    if (asprintf(&debug, "%s/" DEBUGINFOD_DIRECTORY "/.build-id", state) < 0)
        debug = NULL;
    int r = own && debug ? cachefiles_add(&made, own, true) : -ENOMEM;
    if (r == 0)
        r = cachefiles_add(&made, indexes, true);
    if (r == 0)
        r = cachefiles_add(&fetched, debug, false);
    if (r < 0)
        return r;
    collect(gc, &made);
    collect(gc, &fetched);
    printf("%s %zu of %zu files, %.1f MiB\n", gc->dry_run ? "would delete" : "deleted", gc->n,
           gc->n + gc->kept, (double)gc->freed / (1 << 20));
    return gc->problem;
}

int verb_gc(int argc, char **argv) {
    enum { MAX_AGE = 256, MAX_SIZE, INDEX, STATE_DIR };
    static const struct option options[] = {
        {"max-age", required_argument, NULL, MAX_AGE},
        {"max-size", required_argument, NULL, MAX_SIZE},
        {"index", required_argument, NULL, INDEX},
        {"state-dir", required_argument, NULL, STATE_DIR},
        {"dry-run", no_argument, NULL, 'n'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    struct gc gc = {.max_age = UINT64_C(30) * 86400 * 1000000000, .max_size = UINT64_C(2) << 30};
    const char *state_dir = NULL, *index = NULL;
    int option;
    while ((option = getopt_long(argc, argv, "nh", options, NULL)) != -1) {
        bool understood = true;
        switch (option) {
        case MAX_AGE:
            understood = value_duration(optarg, &gc.max_age);
            break;
        case MAX_SIZE:
            understood = value_size(optarg, &gc.max_size);
            break;
        case INDEX:
            index = optarg;
            break;
        case STATE_DIR:
            state_dir = optarg;
            break;
        case 'n':
            gc.dry_run = true;
            break;
        case 'h':
            fputs(HELP, stdout);
            return EXIT_OK;
        default:
            fputs(HELP, stderr);
            return EXIT_USAGE;
        }
        if (!understood) {
            fprintf(stderr, "crashctl: %s: %s is expected\n", optarg,
                    option == MAX_AGE ? "a time like 30d" : "a size like 2G");
            return EXIT_USAGE;
        }
    }
    if (optind < argc) {
        fputs(HELP, stderr);
        return EXIT_USAGE;
    }
    BASE_CLEANUP(free)
    char *state = statepath_resolve(state_dir);
    BASE_CLEANUP(free)
    char *standard = indexdir_default();
    int r = state && standard ? run(&gc, state, index ? index : standard) : -ENOMEM;
    if (r == -ENOMEM)
        fprintf(stderr, "crashctl: gc: %s\n", strerror(-r));
    return r < 0 ? EXIT_FAILED : EXIT_OK;
}
