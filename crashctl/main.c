/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "crashctl/verbs.h"

/* The hook is inert in a program that exports this: crashctl runs what crashes, it is not watched.
 */
extern const int crashhook_inert;
const int crashhook_inert = 1;

static const struct verb {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *arguments, *help;
} VERBS[] = {
    {"run", verb_run, "[OPTION...] -- CMD [ARG...]", "run a command and report every crash in it"},
    {"list", verb_list, "[--json]", "crashes, newest first"},
    {"show", verb_show, "[ID] [--json | --event]", "one crash; the latest without ID"},
    {"status", verb_status, "[--json]", "what waits to be sent, and why"},
    {"symbolize", verb_symbolize, "SNAPSHOT | -e FILE [ADDR...]",
     "report of a snapshot; functions and lines of addresses, as addr2line prints them"},
    {"index", verb_index, "FILE... [--output DIR]",
     "make looking up addresses of programs and libraries fast"},
    {"gc", verb_gc, "[--dry-run]", "delete what nobody uses and can be made or fetched again"},
};

static void print_help(FILE *out) {
    fprintf(out, "crashctl VERB [OPTION...]\n\n");
    for (size_t i = 0; i < sizeof VERBS / sizeof *VERBS; i++)
        fprintf(out, "  %s %s\n      %s\n", VERBS[i].name, VERBS[i].arguments, VERBS[i].help);
    fprintf(out, "\ncrashctl VERB --help tells more; so does crashctl(1).\n");
}

int main(int argc, char **argv) {
    log_open("crashctl");
    if (argc < 2) {
        print_help(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        print_help(stdout);
        return EXIT_OK;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("crashctl " CRASHD_VERSION);
        return EXIT_OK;
    }
    for (size_t i = 0; i < sizeof VERBS / sizeof *VERBS; i++)
        if (strcmp(argv[1], VERBS[i].name) == 0)
            return VERBS[i].run(argc - 1, argv + 1);
    fprintf(stderr, "crashctl: unknown verb \"%s\"; crashctl --help lists them\n", argv[1]);
    return EXIT_USAGE;
}
