/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/hex.h"
#include "base/io.h"
#include "control/debuginfod.h"
#include "control/statepath.h"
#include "crashctl/addr2line.h"
#include "crashctl/sourcemap.h"
#include "crashctl/verbs.h"
#include "report/report.h"
#include "report/text.h"
#include "report/vars.h"
#include "sentry/event.h"
#include "symbolizer/index/place.h"

static const char HELP[] =
    "crashctl symbolize SNAPSHOT [--event] [--vars off|in-app|all] [--index DIR]\n"
    "crashctl symbolize -e FILE [--index INDEX|DIR] [ADDR...]\n"
    "\n"
    "  SNAPSHOT         prints the report of a snapshot (crashctl run --snapshots keeps them)\n"
    "  --event          prints its Sentry event instead\n"
    "  --vars WHOSE     arguments and local variables: off, in-app (of the program's own "
    "functions), all; in-app\n"
    "  --source-map FROM=TO  sources compiled below FROM are below TO; several\n"
    "  --timeout S      seconds of processor time for unwinding and symbols; 1.4. Beyond it the\n"
    "                   report names modules and offsets only\n"
    "  -e, --exe FILE   functions and lines of addresses in FILE, as `addr2line -a -f -i -C` "
    "prints\n"
    "                   them; addresses come from standard input when none are given\n"
    "  --index INDEX    looks addresses up in what crashctl index made, a file or a directory\n";

/*
 * A snapshot may be made to cost: it names files and counts of things. The report is made by a
 * child that gets what an honest one needs; if that does not do, one is made without opening any
 * file.
 */
enum { CPU_LIMIT_MS = 1400, WALL_LIMIT_S = 20, CPU_LIMIT_MAX_MS = 3600000 };

/* AddressSanitizer's shadow memory is larger than any limit. */
#ifdef __SANITIZE_ADDRESS__
static const rlim_t MEMORY_LIMIT = RLIM_INFINITY;
#else
static const rlim_t MEMORY_LIMIT = 224 << 20;
#endif

BASE_DEFINE_CLEANUP(snapshot_free, struct snapshot *, snapshot_free);
BASE_DEFINE_CLEANUP(symbolizer_free, struct symbolizer *, symbolizer_free);
BASE_DEFINE_CLEANUP(walk_free, struct walk *, walk_free);
BASE_DEFINE_CLEANUP(report_free, struct crash_report *, report_free);

struct symbolize_options {
    bool event;
    enum report_vars vars;
    long cpu_ms;
    struct source_places sources;
    struct index_place *indexes;
};

static int print_report(const struct snapshot *snapshot, struct walk *walk, const char *damage,
                        const struct symbolize_options *options) {
    char id[33];
    BASE_CLEANUP(report_free)
    struct crash_report *report = NULL;
    BASE_CLEANUP(free)
    char *text = NULL;
    size_t size = 0;

    int r = hex_uuid(id);
    struct report_context context = {.event_id = id,
                                     .damage = damage,
                                     .vars = options->vars,
                                     .work_directory = options->sources.work_directory};
    if (r == 0)
        r = report_build(snapshot, walk, &context, &report);
    if (r == 0 && options->event) {
        struct event_options plain = {0};
        r = event_render(report, &plain, &text, &size);
    } else if (r == 0) {
        r = text_render(report, &text, &size);
    }
    if (r < 0)
        return r;
    fwrite(text, 1, size, stdout);
    if (options->event)
        putchar('\n');
    return fflush(stdout) == 0 ? 0 : -errno;
}

static const char *explain(int r) {
    switch (r) {
    case -EBADMSG:
        return "not a crashd snapshot";
    case -EPROTONOSUPPORT:
        return "written by a newer version of crashd; use its crashctl";
    case -E2BIG:
    case -EFBIG:
        return "larger than any snapshot (64 MiB)";
    case -EINVAL:
        return "not a regular file";
    default:
        return strerror(-r);
    }
}

/* What the daemon of this user fetched from debuginfod servers; NULL if no memory. */
static char *debug_cache(void) {
    char *path;
    BASE_CLEANUP(free)
    char *state = statepath_resolve(NULL);
    if (!state || asprintf(&path, "%s/" DEBUGINFOD_DIRECTORY, state) < 0)
        return NULL;
    return path;
}

static int print_full(const struct snapshot *snapshot, const struct symbolize_options *chosen) {
    BASE_CLEANUP(symbolizer_free)
    struct symbolizer *symbolizer = NULL;
    BASE_CLEANUP(walk_free)
    struct walk *walk = NULL;
    BASE_CLEANUP(free)
    char *cache = debug_cache();
    const char *directories[] = {"/usr/lib/debug", cache, NULL};
    struct symbolizer_options options = {
        .debug_directories = directories, .source_lines = 5, .indexes = chosen->indexes};
    int r = symbolizer_new(&options, &symbolizer);
    if (r == 0)
        r = walk_new(symbolizer, snapshot, NULL, 0, &walk);
    if (r == 0)
        walk_set_sources(walk, &chosen->sources);
    return r < 0 ? r : print_report(snapshot, walk, NULL, chosen);
}

static void limit_child(const struct symbolize_options *options) {
    struct itimerval cpu = {
        .it_value = {.tv_sec = options->cpu_ms / 1000, .tv_usec = options->cpu_ms % 1000 * 1000}};
    struct rlimit memory = {MEMORY_LIMIT, MEMORY_LIMIT}, none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    setrlimit(RLIMIT_DATA, &memory);
    setitimer(ITIMER_PROF, &cpu, NULL);
    alarm(WALL_LIMIT_S + (unsigned)(options->cpu_ms / 1000));
}

/* True if the child has printed the whole report. */
static bool print_in_child(const struct snapshot *snapshot,
                           const struct symbolize_options *options) {
    int status;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        limit_child(options);
        _exit(print_full(snapshot, options) == 0 ? EXIT_OK : EXIT_FAILED);
    }
    if (pid < 0)
        return false;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return false;
    return WIFEXITED(status) && WEXITSTATUS(status) == EXIT_OK;
}

static int symbolize_snapshot(const char *path, const struct symbolize_options *options) {
    BASE_CLEANUP(free)
    char *data = NULL;
    BASE_CLEANUP(snapshot_free)
    struct snapshot *snapshot = NULL;
    size_t size = 0;

    int r = io_read_file(AT_FDCWD, path, SNAPSHOT_LIMITS_DEFAULT.bytes, &data, &size);
    if (r == 0)
        r = snapshot_read(data, size, NULL, &snapshot);
    if (r == 0 && !print_in_child(snapshot, options))
        r = print_report(snapshot, NULL,
                         "unwinding and symbols took too much time or memory (--timeout)", options);
    if (r == 0)
        return EXIT_OK;
    fprintf(stderr, "crashctl: %s: %s\n", path, explain(r));
    return EXIT_FAILED;
}

static int symbolize_addresses(const char *file, struct index_place *indexes, char **addresses,
                               int n) {
    int r = addr2line_print(stdout, file, indexes, addresses, (size_t)n, stdin);
    if (r == 0)
        return EXIT_OK;
    fprintf(stderr, "crashctl: %s: %s\n", file, r == -ENOEXEC ? "not an ELF file" : strerror(-r));
    return EXIT_FAILED;
}

static int open_place(const char *path, struct index_place *ret) {
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return -errno;
    if (fstat(fd, &st) < 0) {
        int r = -errno;
        close(fd);
        return r;
    }
    *ret = (struct index_place){.fd = fd, .is_directory = S_ISDIR(st.st_mode)};
    return fd;
}

static const char *explain_index(int r) {
    switch (r) {
    case -EBADMSG:
        return "not an index, or a damaged one";
    case -ESTALE:
        return "the index of another file";
    case -EPROTONOSUPPORT:
        return "the index of another version of crashd (crashctl index makes a new one)";
    default:
        return strerror(-r);
    }
}

int verb_symbolize(int argc, char **argv) {
    enum { EVENT = 256, TIMEOUT, VARS, SOURCE_MAP, INDEX };
    static const struct option options[] = {
        {"exe", required_argument, NULL, 'e'},
        {"event", no_argument, NULL, EVENT},
        {"source-map", required_argument, NULL, SOURCE_MAP},
        {"vars", required_argument, NULL, VARS},
        {"timeout", required_argument, NULL, TIMEOUT},
        {"index", required_argument, NULL, INDEX},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    const char *file = NULL, *index = NULL, *texts[SOURCEMAP_LIMIT];
    struct source_map maps[SOURCEMAP_LIMIT];
    struct symbolize_options chosen = {
        .vars = REPORT_VARS_IN_APP, .cpu_ms = CPU_LIMIT_MS, .sources = {.maps = maps}};
    char *end;
    int option, vars;

    while ((option = getopt_long(argc, argv, "e:h", options, NULL)) != -1) {
        switch (option) {
        case 'e':
            file = optarg;
            break;
        case EVENT:
            chosen.event = true;
            break;
        case VARS:
            vars = report_vars_parse(optarg);
            if (vars < 0) {
                fprintf(stderr, "crashctl: --vars %s: off, in-app or all is expected\n", optarg);
                return EXIT_USAGE;
            }
            chosen.vars = (enum report_vars)vars;
            break;
        case SOURCE_MAP:
            if (!sourcemap_add(optarg, texts, &chosen.sources.n_maps))
                return EXIT_USAGE;
            end = strchr(optarg, '=');
            *end = '\0';
            maps[chosen.sources.n_maps - 1] = (struct source_map){optarg, end + 1};
            break;
        case TIMEOUT:
            chosen.cpu_ms = (long)(strtod(optarg, &end) * 1000);
            if (end == optarg || *end || chosen.cpu_ms <= 0 || chosen.cpu_ms > CPU_LIMIT_MAX_MS) {
                fprintf(stderr,
                        "crashctl: --timeout %s: a number of seconds up to 3600 is expected\n",
                        optarg);
                return EXIT_USAGE;
            }
            break;
        case INDEX:
            index = optarg;
            break;
        case 'h':
            fputs(HELP, stdout);
            return EXIT_OK;
        default:
            fputs(HELP, stderr);
            return EXIT_USAGE;
        }
    }
    if (file && chosen.event) {
        fprintf(stderr, "crashctl: --event is of a snapshot's report, -e of addresses in a file\n");
        return EXIT_USAGE;
    }
    if (!file && argc - optind != 1) {
        fputs(HELP, stderr);
        return EXIT_USAGE;
    }
    BASE_CLEANUP(free)
    char *work_directory = file ? NULL : getcwd(NULL, 0);
    chosen.sources.work_directory = work_directory;
    BASE_CLEANUP(close)
    int fd = -EBADF;
    struct index_place place = {.fd = -EBADF};
    if (index) {
        fd = open_place(index, &place);
        if (fd < 0) {
            fprintf(stderr, "crashctl: %s: %s\n", index, strerror(-fd));
            return EXIT_FAILED;
        }
        chosen.indexes = &place;
    }
    int status = file ? symbolize_addresses(file, chosen.indexes, argv + optind, argc - optind)
                      : symbolize_snapshot(argv[optind], &chosen);
    if (index && place.error < 0)
        fprintf(stderr, "crashctl: %s: %s: the debug information itself was read\n", index,
                explain_index(place.error));
    return status;
}
