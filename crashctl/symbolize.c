/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/cleanup.h"
#include "base/hex.h"
#include "base/io.h"
#include "crashctl/addr2line.h"
#include "crashctl/verbs.h"
#include "report/report.h"
#include "report/text.h"
#include "sentry/event.h"

static const char HELP[] =
    "crashctl symbolize SNAPSHOT [--event]\n"
    "crashctl symbolize -e FILE [ADDR...]\n"
    "\n"
    "  SNAPSHOT         prints the report of a snapshot (crashctl run --snapshots keeps them)\n"
    "  --event          prints its Sentry event instead\n"
    "  -e, --exe FILE   functions and lines of addresses in FILE, as `addr2line -a -f -i -C` "
    "prints\n"
    "                   them; addresses come from standard input when none are given\n";

/* A hostile snapshot names hostile files: both get what an honest report needs, no more. */
enum { TIME_LIMIT = 2, MEMORY_LIMIT = 256 << 20 };

BASE_DEFINE_CLEANUP(snapshot_free, struct snapshot *, snapshot_free);
BASE_DEFINE_CLEANUP(symbolizer_free, struct symbolizer *, symbolizer_free);
BASE_DEFINE_CLEANUP(walk_free, struct walk *, walk_free);
BASE_DEFINE_CLEANUP(report_free, struct crash_report *, report_free);

static int print_report(const struct snapshot *snapshot, struct walk *walk, bool event) {
    char id[33];
    BASE_CLEANUP(report_free)
    struct crash_report *report = NULL;
    BASE_CLEANUP(free)
    char *text = NULL;
    size_t size = 0;

    int r = hex_uuid(id);
    struct report_context context = {.event_id = id, .local_only = true};
    if (r == 0)
        r = report_build(snapshot, walk, &context, &report);
    if (r == 0 && event) {
        struct event_options options = {0};
        r = event_render(report, &options, &text, &size);
    } else if (r == 0) {
        r = text_render(report, &text, &size);
    }
    if (r < 0)
        return r;
    fwrite(text, 1, size, stdout);
    if (event)
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

static int symbolize_snapshot(const char *path, bool event) {
    BASE_CLEANUP(free)
    char *data = NULL;
    BASE_CLEANUP(snapshot_free)
    struct snapshot *snapshot = NULL;
    BASE_CLEANUP(symbolizer_free)
    struct symbolizer *symbolizer = NULL;
    BASE_CLEANUP(walk_free)
    struct walk *walk = NULL;
    size_t size = 0;

    int r = io_read_file(AT_FDCWD, path, SNAPSHOT_LIMITS_DEFAULT.bytes, &data, &size);
    if (r == 0)
        r = snapshot_read(data, size, NULL, &snapshot);
    struct symbolizer_options options = {.source_lines = 5};
    if (r == 0)
        r = symbolizer_new(&options, &symbolizer);
    if (r == 0)
        r = walk_new(symbolizer, snapshot, NULL, 0, &walk);
    if (r == 0)
        r = print_report(snapshot, walk, event);
    if (r == 0)
        return EXIT_OK;
    fprintf(stderr, "crashctl: %s: %s\n", path, explain(r));
    return EXIT_FAILED;
}

static int symbolize_addresses(const char *file, char **addresses, int n) {
    int r = addr2line_print(stdout, file, addresses, (size_t)n, stdin);
    if (r == 0)
        return EXIT_OK;
    fprintf(stderr, "crashctl: %s: %s\n", file, r == -ENOEXEC ? "not an ELF file" : strerror(-r));
    return EXIT_FAILED;
}

int verb_symbolize(int argc, char **argv) {
    enum { EVENT = 256 };
    static const struct option options[] = {
        {"exe", required_argument, NULL, 'e'},
        {"event", no_argument, NULL, EVENT},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    const char *file = NULL;
    bool event = false;
    int option;

    while ((option = getopt_long(argc, argv, "e:h", options, NULL)) != -1) {
        switch (option) {
        case 'e':
            file = optarg;
            break;
        case EVENT:
            event = true;
            break;
        case 'h':
            fputs(HELP, stdout);
            return EXIT_OK;
        default:
            fputs(HELP, stderr);
            return EXIT_USAGE;
        }
    }
    if (file)
        return symbolize_addresses(file, argv + optind, argc - optind);
    if (argc - optind != 1) {
        fputs(HELP, stderr);
        return EXIT_USAGE;
    }
    return symbolize_snapshot(argv[optind], event);
}
