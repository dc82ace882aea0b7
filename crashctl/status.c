/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "crashctl/rows.h"
#include "crashctl/columns.h"
#include "crashctl/rowoptions.h"
#include "crashctl/verbs.h"

static const char HELP[] =
    "crashctl status [--json] [--state-dir DIR]\n"
    "\n"
    "For every DSN: what is queued, sent and dropped, the last error, the next try. For every\n"
    "debuginfod server: how many files came from it, the last error, the next try.\n"
    "\n"
    "  --json           one JSON object a line\n"
    "  --state-dir DIR  where crashes are kept (CRASHD_STATE_DIR)\n";

struct overview {
    bool json;
    size_t dsns;
};

static void print_trouble(const json_t *row) {
    if (*rows_text(row, "last_error"))
        printf("  last error: %s\n", rows_text(row, "last_error"));
    if (*rows_text(row, "next_try")) {
        char when[32];
        columns_time(rows_text(row, "next_try"), when, sizeof when);
        printf("  next try: %s\n", when);
    }
}

static int take_row(void *context, json_t *row) {
    struct overview *overview = context;
    overview->dsns++;
    if (overview->json)
        return rows_print_json(row);
    printf("%s\n  queued %lld   sent %lld   dropped %lld\n", rows_text(row, "dsn"),
           rows_number(row, "queued"), rows_number(row, "sent"), rows_number(row, "dropped"));
    print_trouble(row);
    return 0;
}

static int take_server(void *context, json_t *row) {
    const struct overview *overview = context;
    if (overview->json)
        return rows_print_json(row);
    printf("%s (debuginfod)\n  files %lld\n", rows_text(row, "debuginfod"),
           rows_number(row, "fetched"));
    print_trouble(row);
    return 0;
}

int verb_status(int argc, char **argv) {
    struct overview overview = {0};
    struct rowoptions options;
    int status = rowoptions_parse(argc, argv, HELP, false, &options);
    if (status != ROWOPTIONS_GO_ON)
        return status;
    if (optind < argc) {
        fputs(HELP, stderr);
        return EXIT_USAGE;
    }
    overview.json = options.json;
    int r = rows_delivery(options.state_dir, take_row, &overview);
    if (r < 0)
        return EXIT_FAILED;
    if (!overview.json && overview.dsns == 0)
        printf("nothing was sent: no DSN is configured, or nothing crashed\n");
    return rows_debuginfod(options.state_dir, take_server, &overview) < 0 ? EXIT_FAILED : EXIT_OK;
}
