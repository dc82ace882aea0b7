/* SPDX-License-Identifier: MIT */
#include "config/keys.h"

const struct config_key_info config_keys[CONFIG_KEYS] = {
    [CONFIG_DSN] = {"dsn", CONFIG_TYPE_DSN, 0, 0, {0},
                    "Where events go: a Sentry DSN, https://KEY@HOST/PROJECT. Empty: reports are "
                    "kept on this machine."},
    [CONFIG_SERVER] = {"server", CONFIG_TYPE_CHOICE, 0, "auto",
                       {"auto", "sentry", "bugsink", "glitchtip", "events-only"},
                       "What the server is; picks what it is sent besides the event."},
    [CONFIG_SYMBOLICATION] = {"symbolication", CONFIG_TYPE_CHOICE, 0, "auto",
                              {"auto", "client", "server"},
                              "Whether a server that has debug files may work on our frames."},
    [CONFIG_RELEASE] = {"release", CONFIG_TYPE_TEXT, 0, 0, {0},
                        "Release of what crashed, unless the program itself says it."},
    [CONFIG_ENVIRONMENT] = {"environment", CONFIG_TYPE_TEXT, 0, 0, {0},
                            "Environment of what crashed, unless the program itself says it."},
    [CONFIG_SERVER_NAME] = {"server-name", CONFIG_TYPE_TEXT, 0, 0, {0},
                            "Name of this machine in events; the host name if not set."},
    [CONFIG_TAGS] = {"tags", CONFIG_TYPE_TAGS, 0, 0, {0},
                     "Tags for events, NAME=VALUE separated by blanks; all matching lines add up."},
    [CONFIG_SEND_DEFAULT_PII] = {"send-default-pii", CONFIG_TYPE_BOOLEAN, 0, "no", {0},
                                 "Lets arguments, environment, working directory and user name "
                                 "leave this machine."},
    [CONFIG_ALLOW_CLIENT_DSN] = {"allow-client-dsn", CONFIG_TYPE_BOOLEAN, 0, "no", {0},
                                 "Lets the SENTRY_DSN of a crashed process's environment choose "
                                 "where its event goes, also for users other than crashd's own."},
    [CONFIG_MAX_SNAPSHOT] = {"max-snapshot", CONFIG_TYPE_SIZE, 1, "16M", {0},
                             "Longest snapshot taken; longer ones are cut."},
    [CONFIG_DEBUG_DIRECTORIES] = {"debug-directories", CONFIG_TYPE_PATHS, 1, "/usr/lib/debug", {0},
                                  "Where separate debug files are, separated by blanks."},
    [CONFIG_RETENTION_DAYS] = {"retention-days", CONFIG_TYPE_NUMBER, 1, "30", {0},
                               "Crashes are deleted after so many days."},
    [CONFIG_RETENTION_COUNT] = {"retention-count", CONFIG_TYPE_NUMBER, 1, "1000", {0},
                                "The oldest crashes beyond so many are deleted."},
    [CONFIG_CA_FILE] = {"ca-file", CONFIG_TYPE_PATH, 1, 0, {0},
                        "Certificates (PEM) that servers are checked with, instead of the "
                        "system's."},
    [CONFIG_PROXY] = {"proxy", CONFIG_TYPE_TEXT, 1, 0, {0},
                      "URL of the proxy for uploads, as curl takes it."},
    [CONFIG_CONNECT_TIMEOUT] = {"connect-timeout", CONFIG_TYPE_DURATION, 1, "10s", {0},
                                "How long connecting to a server may take."},
    [CONFIG_UPLOAD_TIMEOUT] = {"upload-timeout", CONFIG_TYPE_DURATION, 1, "30s", {0},
                               "How long a whole upload may take."},
};
