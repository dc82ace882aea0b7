/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "crashctl/rows.h"
#include "crashctl/columns.h"
#include "crashctl/rowoptions.h"
#include "crashctl/verbs.h"

static const char HELP[] = "crashctl list [--json] [--state-dir DIR]\n"
                           "\n"
                           "Crashes, newest first.\n"
                           "\n"
                           "  --json           one JSON object a line\n"
                           "  --state-dir DIR  where crashes are kept (CRASHD_STATE_DIR)\n";

struct listing {
    bool json, headed;
    size_t crashes, waiting;
};

static void print_row(struct listing *listing, const json_t *row) {
    char when[32], pid[16], where[512], count[16];
    if (!listing->headed)
        printf("%-8s  %-8s  %-10s  %7s  %-16s  %-24s  %3s  STATE\n", "ID", "WHEN", "PROGRAM", "PID",
               "WHAT", "WHERE", "N");
    listing->headed = true;
    const char *file = rows_text(row, "file"), *function = rows_text(row, "function");
    long long line = rows_number(row, "line");
    columns_time(rows_text(row, "time"), when, sizeof when);
    snprintf(pid, sizeof pid, "%lld", rows_number(row, "pid"));
    snprintf(count, sizeof count, "%lld", rows_number(row, "count"));
    if (*file && line)
        snprintf(where, sizeof where, "%s %s:%lld", function, text_basename(file), line);
    else
        snprintf(where, sizeof where, "%s", function);
    printf("%.8s  ", rows_text(row, "id"));
    columns_print(when, 8);
    columns_print(text_basename(rows_text(row, "exe")), 10);
    columns_print(pid, -7);
    columns_print(rows_text(row, "kind"), 16);
    columns_print(where, 24);
    columns_print(count, -3);
    printf("%s\n", rows_text(row, "state"));
}

static int take_row(void *context, json_t *row) {
    struct listing *listing = context;
    listing->crashes++;
    listing->waiting += strcmp(rows_text(row, "state"), "queued") == 0;
    if (!listing->json) {
        print_row(listing, row);
        return 0;
    }
    BASE_CLEANUP(free)
    char *line = json_dumps(row, JSON_COMPACT);
    if (!line)
        return -ENOMEM;
    puts(line);
    return 0;
}

int verb_list(int argc, char **argv) {
    struct listing listing = {0};
    struct rowoptions options;
    int status = rowoptions_parse(argc, argv, HELP, false, &options);
    if (status != ROWOPTIONS_GO_ON)
        return status;
    if (optind < argc) {
        fputs(HELP, stderr);
        return EXIT_USAGE;
    }
    listing.json = options.json;
    int r = rows_crashes(options.state_dir, take_row, &listing);
    if (r < 0)
        return EXIT_FAILED;
    if (!listing.json && listing.crashes == 0)
        printf("no crashes\n");
    else if (!listing.json)
        printf("%zu crash%s; %zu waiting to be sent. Details: crashctl show ID\n", listing.crashes,
               listing.crashes == 1 ? "" : "es", listing.waiting);
    return EXIT_OK;
}
