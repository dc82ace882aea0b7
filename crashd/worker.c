/* SPDX-License-Identifier: MIT */
/* crashd-worker: snapshots of one trust domain in, reports out. */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/hex.h"
#include "base/log.h"
#include "base/text.h"
#include "crashd/bundle.h"
#include "crashd/ipc.h"
#include "crashd/keptfiles.h"
#include "crashd/missing.h"
#include "report/package.h"
#include "crashd/release.h"
#include "crashd/sandbox.h"
#include "report/report.h"
#include "report/summary.h"
#include "report/text.h"
#include "report/vars.h"
#include "sentry/event.h"
#include "snapshot/snapshot.h"
#include "symbolizer/index/place.h"
#include "symbolizer/symbolizer.h"

extern const int crashhook_inert;
__attribute__((visibility("default"))) const int crashhook_inert = 1;

enum {
    DIRECTORIES_MAX = 16,
    SOURCE_LINES = 5,
    SNAPSHOT_MAX = 256 << 20,
    NICENESS = 10,
    INDEXED_MAX = 32
};

struct worker {
    struct index_place *indexes; /* NULL: none */
    struct symbolizer *symbolizer;
    struct package_cache *packages;
    struct keptfiles *debug_files;
};

BASE_DEFINE_CLEANUP(snapshot_free, struct snapshot *, snapshot_free);
BASE_DEFINE_CLEANUP(walk_free, struct walk *, walk_free);
BASE_DEFINE_CLEANUP(report_free, struct crash_report *, report_free);

/* A file in memory. */
struct mapping {
    void *data;
    size_t size;
};

static void cleanup_mapping(struct mapping *mapping) {
    if (mapping->data)
        munmap(mapping->data, mapping->size);
}

static int map_file(int fd, struct mapping *ret) {
    struct stat st;
    if (fstat(fd, &st) < 0)
        return -errno;
    if (st.st_size <= 0)
        return -EBADMSG;
    if (st.st_size > SNAPSHOT_MAX)
        return -E2BIG;
    void *data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (data == MAP_FAILED)
        return -errno;
    *ret = (struct mapping){data, (size_t)st.st_size};
    return 0;
}

static const char *or_null(const char *text) {
    return text_empty(text) ? NULL : text;
}

static enum report_vars vars(const json_t *settings) {
    int parsed = report_vars_parse(ipc_text(settings, "vars"));
    return parsed < 0 ? REPORT_VARS_OFF : (enum report_vars)parsed;
}

static void fill_context(const json_t *facts, const json_t *settings, struct report_context *ret) {
    *ret = (struct report_context){
        .event_id = ipc_text(facts, "event_id"),
        .time = (uint64_t)ipc_number(facts, "time"),
        .identified = ipc_flag(facts, "identified"),
        .pid = (uint32_t)ipc_number(facts, "pid"),
        .uid = (uint32_t)ipc_number(facts, "uid"),
        .gid = (uint32_t)ipc_number(facts, "gid"),
        .exe = or_null(ipc_text(facts, "exe")),
        .comm = or_null(ipc_text(facts, "comm")),
        .unit = or_null(ipc_text(facts, "unit")),
        .container = or_null(ipc_text(facts, "container")),
        .start_time = (uint64_t)ipc_number(facts, "start_time"),
        .server_name = or_null(ipc_text(settings, "server_name")),
        .user_id = or_null(ipc_text(settings, "user_id")),
        .os_name = or_null(ipc_text(settings, "os_name")),
        .os_version = or_null(ipc_text(settings, "os_version")),
        .os_pretty = or_null(ipc_text(settings, "os_pretty")),
        .kernel = or_null(ipc_text(settings, "kernel")),
        .processors = (unsigned)ipc_number(settings, "processors"),
        .memory_size = (uint64_t)ipc_number(settings, "memory_size"),
        .send_pii = ipc_flag(settings, "send_pii"),
        .vars = vars(settings),
        .work_directory = or_null(ipc_text(settings, "work_directory")),
        .debuginfod = ipc_flag(settings, "debuginfod"),
        .debuginfod_problem = or_null(ipc_text(settings, "debuginfod_problem")),
    };
}

static int fill_tags(const json_t *tags, struct report_context *context) {
    const char *name;
    json_t *value;
    context->tags = calloc(json_object_size(tags) + 1, sizeof *context->tags);
    if (!context->tags)
        return -ENOMEM;
    json_object_foreach ((json_t *)tags, name, value)
        context->tags[context->n_tags++] = (struct report_pair){name, json_string_value(value)};
    return 0;
}

static int render(const struct crash_report *report, const json_t *settings, int result) {
    int server = event_server_parse(ipc_text(settings, "server")),
        symbolication = event_symbolication_parse(ipc_text(settings, "symbolication"));
    struct event_options options = {
        .server = server < 0 ? EVENT_SERVER_AUTO : (enum event_server)server,
        .symbolication =
            symbolication < 0 ? EVENT_SYMBOLICATION_AUTO : (enum event_symbolication)symbolication,
    };
    BASE_CLEANUP(bundle)
    struct bundle bundle = {0};
    BASE_CLEANUP(json)
    json_t *summary = summary_render(report);
    int r = event_render(report, &options, &bundle.data[BUNDLE_EVENT], &bundle.size[BUNDLE_EVENT]);
    if (r == 0)
        r = text_render(report, &bundle.data[BUNDLE_TEXT], &bundle.size[BUNDLE_TEXT]);
    if (r < 0)
        return r;
    bundle.data[BUNDLE_SUMMARY] = json_dumps(summary, JSON_COMPACT);
    if (!bundle.data[BUNDLE_SUMMARY])
        return -ENOMEM;
    bundle.size[BUNDLE_SUMMARY] = strlen(bundle.data[BUNDLE_SUMMARY]);
    return bundle_write(result, &bundle);
}

/* Descriptors: snapshot and result, then modules, then debug files. */
static size_t take_files(struct worker *worker, struct ipc_message *message,
                         struct walk_file *files) {
    const json_t *paths = json_object_get(message->body, "modules"),
                 *keys = json_object_get(message->body, "debug_files");
    size_t n = 0, first = 2 + json_array_size(paths);
    while (n + 2 < message->n_fds && n < json_array_size(paths)) {
        const char *path = json_string_value(json_array_get(paths, n));
        files[n] = (struct walk_file){path ? path : "", message->fds[n + 2]};
        n++;
    }
    for (size_t i = 0; i < json_array_size(keys) && first + i < message->n_fds; i++)
        if (keptfiles_add(worker->debug_files, json_array_get(keys, i), message->fds[first + i]))
            message->fds[first + i] = -1;
    if (json_array_size(keys) > 0)
        symbolizer_look_again(worker->symbolizer);
    return n + keptfiles_list(worker->debug_files, files + n);
}

/* In another root the same path is another file; with other mounts it may be, too, and a service
 * that was to see less than we do must not be shown it by us. */
static int set_sources(const json_t *facts, const json_t *settings, struct walk *walk,
                       struct source_map **maps) {
    const json_t *list = json_object_get(settings, "source_maps");
    struct source_places places = {
        .elsewhere = ipc_flag(facts, "other_root") ||
                     (!ipc_flag(settings, "private_run") && ipc_flag(facts, "foreign_root")),
        .work_directory = or_null(ipc_text(settings, "work_directory")),
    };
    *maps = calloc(json_array_size(list) + 1, sizeof **maps);
    if (!*maps)
        return -ENOMEM;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *pair = json_array_get(list, i);
        (*maps)[places.n_maps++] = (struct source_map){json_string_value(json_array_get(pair, 0)),
                                                       json_string_value(json_array_get(pair, 1))};
    }
    places.maps = *maps;
    walk_set_sources(walk, &places);
    return 0;
}

/* What main needs to know of indexes: whose debug information was read, or would have been. */
static void add_modules(struct worker *worker, const struct snapshot *snapshot, struct walk *walk,
                        json_t *answer) {
    json_t *list = json_array();
    char build_id[2 * sizeof(worker->indexes->build_id) + 1];
    for (size_t i = 0; i < snapshot->n_modules && json_array_size(list) < INDEXED_MAX; i++) {
        const struct snapshot_module *module = &snapshot->modules[i];
        struct walk_module known = walk_module(walk, i);
        if (known.symbols != MODULE_SYMBOLS_DWARF || module->build_id_size == 0 ||
            module->build_id_size > sizeof(worker->indexes->build_id))
            continue;
        hex_encode(module->build_id, module->build_id_size, build_id);
        json_array_append_new(list, json_pack("{ss ss sb}", "build_id", build_id, "path",
                                              module->path, "indexed", known.indexed));
    }
    json_object_set_new(answer, "modules", list);
    if (worker->indexes->error < 0) {
        hex_encode(worker->indexes->build_id, worker->indexes->build_id_size, build_id);
        json_object_set_new(answer, "index_damaged", json_string(build_id));
    }
    worker->indexes->error = 0;
}

static int report(struct worker *worker, struct ipc_message *message, json_t *answer) {
    const json_t *facts = json_object_get(message->body, "facts"),
                 *settings = json_object_get(message->body, "settings");
    struct walk_file files[IPC_FDS_MAX + KEPTFILES_MAX];
    struct report_context context;
    __attribute__((cleanup(cleanup_mapping))) struct mapping mapping = {0};
    BASE_CLEANUP(snapshot_free)
    struct snapshot *snapshot = NULL;
    BASE_CLEANUP(walk_free)
    struct walk *walk = NULL;
    BASE_CLEANUP(report_free)
    struct crash_report *crash = NULL;

    if (message->n_fds < 2)
        return -EINVAL;
    int r = map_file(message->fds[0], &mapping);
    if (r == 0)
        r = snapshot_read(mapping.data, mapping.size, &SNAPSHOT_LIMITS_DEFAULT, &snapshot);
    if (r < 0)
        return r;
    size_t n_files = take_files(worker, message, files);
    fill_context(facts, settings, &context);
    if (ipc_flag(message->body, "reduced"))
        context.damage = "symbolizing it failed twice, so that addresses are all there is";
    /* In another root the same path is another file. */
    if (!ipc_flag(facts, "foreign_root")) {
        context.packages = worker->packages;
        package_find(worker->packages, context.exe ? context.exe : snapshot->process.exe,
                     &context.package, &context.package_version);
    }
    struct release release =
        release_find(facts, settings, snapshot, context.package, context.package_version);
    BASE_CLEANUP(free)
    char *release_name = release.name;
    context.release = release.name;
    context.release_source = release.source;
    context.environment = release_environment(facts, settings, snapshot);
    r = fill_tags(json_object_get(settings, "tags"), &context);
    BASE_CLEANUP(free)
    struct report_pair *tags = context.tags;
    if (r == 0 && !ipc_flag(message->body, "reduced"))
        r = walk_new(worker->symbolizer, snapshot, files, n_files, &walk);
    BASE_CLEANUP(free)
    struct source_map *maps = NULL;
    if (r == 0 && walk)
        r = set_sources(facts, settings, walk, &maps);
    if (r == 0)
        r = report_build(snapshot, walk, &context, &crash);
    if (r == 0)
        r = render(crash, settings, message->fds[1]);
    if (r == 0 && walk && context.debuginfod) {
        json_object_set_new(answer, "missing", missing_list(crash, walk));
        json_object_set_new(answer, "used", keptfiles_used(worker->debug_files, crash));
    }
    if (r == 0 && walk && worker->indexes)
        add_modules(worker, snapshot, walk, answer);
    return r;
}

static int make_index(struct worker *worker, struct ipc_message *message) {
    struct walk_file files[IPC_FDS_MAX + KEPTFILES_MAX];
    if (message->n_fds < 2)
        return -EINVAL;
    size_t n_files = take_files(worker, message, files);
    return symbolizer_build_index(worker->symbolizer, files, n_files,
                                  ipc_text(message->body, "path"),
                                  ipc_text(message->body, "build_id"), message->fds[1],
                                  (uint64_t)ipc_number(message->body, "max_size"));
}

static int serve(struct worker *worker) {
    for (;;) {
        BASE_CLEANUP(ipc)
        struct ipc_message message;
        int r = ipc_receive(IPC_CHILD_FD, &message);
        if (r <= 0)
            return r;
        const char *id = ipc_text(json_object_get(message.body, "facts"), "event_id");
        json_t *answer = json_pack("{ss ss}", "type", "done", "id", id);
        if (ipc_is(&message, "index"))
            r = make_index(worker, &message);
        else
            r = report(worker, &message, answer);
        json_object_set_new(answer, "error", json_integer(-r));
        r = ipc_send_new(IPC_CHILD_FD, answer);
        if (r < 0)
            return r;
    }
}

/* "/a /b" cut in place; returns how many. */
static size_t split(char *text, const char *directories[DIRECTORIES_MAX]) {
    size_t n = 0;
    char *word;
    while (n < DIRECTORIES_MAX && (word = strsep(&text, " \t")))
        if (*word)
            directories[n++] = word;
    return n;
}

int main(int argc, char **argv) {
    const char *directories[DIRECTORIES_MAX + 2] = {"/usr/lib/debug"}, *cache = NULL;
    size_t n_directories = 1;
    struct sandbox sandbox = {0};
    struct index_place indexes = {.is_directory = true};
    struct worker worker = {0};

    log_open("crashd: worker");
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--user") == 0) {
            sandbox.switch_user = true;
            if (sscanf(argv[i + 1], "%u:%u", &sandbox.uid, &sandbox.gid) != 2)
                return EXIT_FAILURE;
        } else if (strcmp(argv[i], "--debug-directories") == 0) {
            n_directories = split(argv[i + 1], directories);
        } else if (strcmp(argv[i], "--debug-cache") == 0) {
            cache = argv[i + 1];
        } else if (strcmp(argv[i], "--indexes") == 0) {
            if (strcmp(argv[i + 1], "yes") == 0)
                sandbox.indexes = indexes.fd = IPC_CHILD_FD + 1;
        } else if (strcmp(argv[i], "--index-size") == 0) {
            sandbox.index_size = strtoull(argv[i + 1], NULL, 10);
        }
    }
    /* Below the state directory, which the sandbox hides: what is used of it comes as descriptors,
     * which have these paths. */
    directories[n_directories++] = cache;
    directories[n_directories] = NULL;
    /* Where many die at once, those that are dying come first. */
    setpriority(PRIO_PROCESS, 0, NICENESS);
    if (sandbox.index_size > 0)
        sched_setscheduler(0, SCHED_IDLE, &(struct sched_param){0});
    if (sandbox_enter(&sandbox) < 0)
        return EXIT_FAILURE;
    struct symbolizer_options options = {
        .debug_directories = directories, .source_lines = SOURCE_LINES, .max_cached_modules = 64};
    if (sandbox.indexes > 0)
        options.indexes = worker.indexes = &indexes;
    if (symbolizer_new(&options, &worker.symbolizer) < 0)
        return EXIT_FAILURE;
    worker.packages = package_cache_new();
    worker.debug_files = keptfiles_new(cache);
    int r = serve(&worker);
    package_cache_free(worker.packages);
    keptfiles_free(worker.debug_files);
    symbolizer_free(worker.symbolizer);
    /* A leak checker would want to trace us, which the sandbox answers with death. */
    fflush(NULL);
    _exit(r < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
}
