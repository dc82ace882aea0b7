/* SPDX-License-Identifier: MIT */
#include "crashd/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "snapshot/handshake.h"

static const char help[] =
    "crashd [--config FILE] [--socket PATH] [--state-dir DIR] [--dsn DSN] [--check-config]\n"
    "\n"
    "Receives the snapshots of crashed programs, reports them, sends the reports.\n"
    "\n"
    "  --config FILE     instead of /etc/crashd/crashd.conf and crashd.conf.d/*.conf\n"
    "  --socket PATH     where hooks connect; CRASHD_SOCKET, else /run/crashd/hook.sock for root,\n"
    "                    else hook.sock in $XDG_RUNTIME_DIR/crashd or the state directory\n"
    "  --state-dir DIR   CRASHD_STATE_DIR, else /var/lib/crashd for root, else\n"
    "                    ~/.local/state/crashd\n"
    "  --dsn DSN         where reports are sent; SENTRY_DSN\n"
    "  --check-config    reads the configuration, prints \"ok\" or what is wrong with it\n"
    "  --version, --help\n";

int options_parse(int argc, char **argv, struct options *ret) {
    enum {
        CONFIG = 256,
        SOCKET,
        STATE_DIR,
        DSN,
        CHECK_CONFIG,
        RUN_ID,
        DROP_DIR,
        ENVIRONMENT,
        RELEASE,
        CI_RELEASE,
        WORK_DIRECTORY,
        DEBUGINFOD_URLS,
        NOTIFY_FD,
        TAG,
        SOURCE_MAP,
        VERSION,
        HELP
    };
    static const struct option table[] = {
        {"config", required_argument, 0, CONFIG},
        {"socket", required_argument, 0, SOCKET},
        {"state-dir", required_argument, 0, STATE_DIR},
        {"dsn", required_argument, 0, DSN},
        {"check-config", no_argument, 0, CHECK_CONFIG},
        {"run-id", required_argument, 0, RUN_ID},
        {"drop-dir", required_argument, 0, DROP_DIR},
        {"environment", required_argument, 0, ENVIRONMENT},
        {"release", required_argument, 0, RELEASE},
        {"release-from-ci", required_argument, 0, CI_RELEASE},
        {"work-directory", required_argument, 0, WORK_DIRECTORY},
        {"debuginfod-urls", required_argument, 0, DEBUGINFOD_URLS},
        {"notify-fd", required_argument, 0, NOTIFY_FD},
        {"tag", required_argument, 0, TAG},
        {"source-map", required_argument, 0, SOURCE_MAP},
        {"version", no_argument, 0, VERSION},
        {"help", no_argument, 0, HELP},
        {0},
    };
    char *end;
    *ret = (struct options){.notify_fd = -1};
    for (int option; (option = getopt_long(argc, argv, "", table, NULL)) >= 0;) {
        switch (option) {
        case CONFIG:
            ret->config = optarg;
            break;
        case SOCKET:
            ret->socket = optarg;
            break;
        case STATE_DIR:
            ret->state_dir = optarg;
            break;
        case DSN:
            ret->dsn = optarg;
            break;
        case CHECK_CONFIG:
            ret->check_config = true;
            break;
        case RUN_ID:
            if (!hex_is(optarg, HANDSHAKE_RUN_ID_SIZE)) {
                fprintf(stderr, "crashd: --run-id: 32 hexadecimal digits expected\n");
                return -EINVAL;
            }
            ret->run_id = optarg;
            break;
        case DROP_DIR:
            ret->drop_dir = optarg;
            break;
        case ENVIRONMENT:
            ret->environment = optarg;
            break;
        case RELEASE:
            ret->release = optarg;
            break;
        case CI_RELEASE:
            ret->ci_release = optarg;
            break;
        case WORK_DIRECTORY:
            ret->work_directory = optarg;
            break;
        case DEBUGINFOD_URLS:
            ret->debuginfod_urls = optarg;
            break;
        case NOTIFY_FD:
            ret->notify_fd = (int)strtol(optarg, &end, 10);
            if (end == optarg || *end || ret->notify_fd < 3) {
                fprintf(stderr, "crashd: --notify-fd: a descriptor above 2 expected\n");
                return -EINVAL;
            }
            break;
        case TAG:
            if (!strchr(optarg, '=') || ret->n_tags == OPTIONS_TAGS_MAX) {
                fprintf(stderr, "crashd: --tag: NAME=VALUE expected, at most %d times\n",
                        OPTIONS_TAGS_MAX);
                return -EINVAL;
            }
            ret->tags[ret->n_tags++] = optarg;
            break;
        case SOURCE_MAP:
            if (!strstr(optarg, "=/") || ret->n_source_maps == OPTIONS_TAGS_MAX) {
                fprintf(stderr, "crashd: --source-map: FROM=TO expected, at most %d times\n",
                        OPTIONS_TAGS_MAX);
                return -EINVAL;
            }
            ret->source_maps[ret->n_source_maps++] = optarg;
            break;
        case VERSION:
            puts("crashd " CRASHD_VERSION);
            return 1;
        case HELP:
            fputs(help, stdout);
            return 1;
        default:
            return -EINVAL;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "crashd: unexpected argument \"%s\"; see crashd --help\n", argv[optind]);
        return -EINVAL;
    }
    return 0;
}
