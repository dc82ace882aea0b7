/* SPDX-License-Identifier: MIT */
#include "crashctl/rowoptions.h"

#include <getopt.h>
#include <stdio.h>

#include "crashctl/verbs.h"

int rowoptions_parse(int argc, char **argv, const char *help, bool event_allowed,
                     struct rowoptions *ret) {
    enum { JSON = 256, STATE_DIR, HELP, EVENT };
    static const struct option options[] = {
        {"json", no_argument, NULL, JSON},
        {"state-dir", required_argument, NULL, STATE_DIR},
        {"help", no_argument, NULL, HELP},
        {"event", no_argument, NULL, EVENT},
        {0},
    };
    int option;
    *ret = (struct rowoptions){0};
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case JSON:
            ret->json = true;
            break;
        case STATE_DIR:
            ret->state_dir = optarg;
            break;
        case HELP:
            fputs(help, stdout);
            return EXIT_OK;
        case EVENT:
            ret->event = true;
            break;
        default:
            fputs(help, stderr);
            return EXIT_USAGE;
        }
    }
    if ((ret->event && !event_allowed) || (ret->event && ret->json)) {
        fputs(help, stderr);
        return EXIT_USAGE;
    }
    return ROWOPTIONS_GO_ON;
}
