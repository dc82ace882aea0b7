/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "crashctl/rowoptions.h"
#include "crashctl/rows.h"
#include "control/statepath.h"
#include "crashctl/verbs.h"

static const char HELP[] =
    "crashctl show [ID] [--json | --event] [--state-dir DIR]\n"
    "\n"
    "The report of a crash; of the latest one without ID. ID may be cut where it\n"
    "stays unique.\n"
    "\n"
    "  --json           its row, as in crashctl list --json\n"
    "  --event          its Sentry event, byte for byte as it is or would be sent\n"
    "  --state-dir DIR  where crashes are kept (CRASHD_STATE_DIR)\n";

enum { FILE_LIMIT = 4 << 20 };

struct search {
    const char *prefix;
    json_t *found;
    size_t matches;
};

static int take_row(void *context, json_t *row) {
    struct search *search = context;
    const char *id = json_string_value(json_object_get(row, "id"));
    if (!id || strncmp(id, search->prefix, strlen(search->prefix)) != 0)
        return 0;
    /* The newest comes first. */
    if (!search->found)
        search->found = json_copy(row);
    search->matches++;
    return 0;
}

static int print_file(const char *state_dir, const char *id, const char *name) {
    BASE_CLEANUP(free)
    char *data = NULL;
    size_t size = 0;
    BASE_CLEANUP(close)
    int place = rows_open_crash(state_dir, id);
    int r = place < 0 ? place : io_read_file(place, name, FILE_LIMIT, &data, &size);
    if (r < 0) {
        fprintf(
            stderr, "crashctl: %s of crash %.8s: %s\n", name, id,
            r == -ENOENT || r == -EACCES
                ? "not to be read here: not reported yet, removed, or kept by the system's daemon "
                  "(as root: crashctl show)"
                : strerror(-r));
        return EXIT_FAILED;
    }
    fwrite(data, 1, size, stdout);
    return fflush(stdout) == 0 ? EXIT_OK : EXIT_FAILED;
}

/* Who only passed the death on, and has no crash of its own for that. */
static void print_copies(const char *state_dir, const char *id) {
    BASE_CLEANUP(free)
    char *data = NULL;
    size_t size = 0, i;
    json_t *copy;
    BASE_CLEANUP(close)
    int place = rows_open_crash(state_dir, id);
    if (place < 0 || io_read_file(place, "copies.json", FILE_LIMIT, &data, &size) < 0)
        return;
    json_t *copies = json_loadb(data, size, 0, NULL);
    json_array_foreach (json_object_get(copies, "copies"), i, copy) {
        const char *name = json_string_value(json_object_get(copy, "name"));
        printf("  passed on by %s[%lld], which is not counted as a crash\n",
               name && *name ? name : "its parent",
               (long long)json_integer_value(json_object_get(copy, "pid")));
    }
    json_decref(copies);
}

static const char *state_words(const char *state) {
    static const char *const words[][2] = {
        {"local", "kept locally, not sent: there was no DSN (--dsn or SENTRY_DSN)"},
        {"queued", "waiting to be sent; crashctl status tells why"},
        {"sent", "sent"},
        {"failed", "not sent, and not tried again; crashctl list --json tells why (error)"},
        {"captured", "captured, not reported yet"},
        {"suppressed", "one of many equal crashes: counted, not sent"},
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(state, words[i][0]) == 0)
            return words[i][1];
    return state;
}

static int show(const char *state_dir, const json_t *row, const struct rowoptions *options) {
    const char *id = json_string_value(json_object_get(row, "id"));
    const char *state = json_string_value(json_object_get(row, "state"));
    if (options->json)
        return rows_print_json(row) == 0 ? EXIT_OK : EXIT_FAILED;
    if (options->event)
        return print_file(state_dir, id, "event.json");
    int status = print_file(state_dir, id, "report.txt");
    if (status == EXIT_OK) {
        print_copies(state_dir, id);
        printf("  %s\n  id %s\n", state_words(state ? state : "unknown"), id);
    }
    return status;
}

int verb_show(int argc, char **argv) {
    struct rowoptions options;
    int status = rowoptions_parse(argc, argv, HELP, true, &options);
    if (status != ROWOPTIONS_GO_ON)
        return status;
    if (argc - optind > 1) {
        fputs(HELP, stderr);
        return EXIT_USAGE;
    }
    struct search search = {.prefix = optind < argc ? argv[optind] : ""};
    for (char *p = optind < argc ? argv[optind] : NULL; p && *p; p++)
        *p = (char)tolower((unsigned char)*p);
    int r = rows_crashes(options.state_dir, take_row, &search);
    if (r < 0)
        return EXIT_FAILED;
    if (!search.found || (*search.prefix && search.matches > 1)) {
        if (search.found)
            fprintf(stderr, "crashctl: %zu crashes begin with \"%s\": give more of the id\n",
                    search.matches, search.prefix);
        else if (*search.prefix)
            fprintf(stderr, "crashctl: no crash has the id \"%s\"; crashctl list shows them\n",
                    search.prefix);
        else
            fprintf(stderr, "crashctl: there are no crashes\n");
        json_decref(search.found);
        return EXIT_NO_SUCH_ID;
    }
    BASE_CLEANUP(free)
    char *state_dir = statepath_resolve(options.state_dir);
    status = state_dir ? show(state_dir, search.found, &options) : EXIT_FAILED;
    json_decref(search.found);
    return status;
}
