/* SPDX-License-Identifier: MIT */
/* Every key of the configuration: the reader and the manual page are made from this table. */
#ifndef CONFIG_KEYS_H
#define CONFIG_KEYS_H

#include <stdint.h>

enum config_key {
    CONFIG_DSN,
    CONFIG_SERVER,
    CONFIG_SYMBOLICATION,
    CONFIG_RELEASE,
    CONFIG_ENVIRONMENT,
    CONFIG_SERVER_NAME,
    CONFIG_TAGS,
    CONFIG_SEND_DEFAULT_PII,
    CONFIG_VARS,
    CONFIG_ALLOW_CLIENT_DSN,
    CONFIG_MAX_SNAPSHOT,
    CONFIG_DEBUG_DIRECTORIES,
    CONFIG_SOURCE_MAP,
    CONFIG_RETENTION_DAYS,
    CONFIG_RETENTION_COUNT,
    CONFIG_CA_FILE,
    CONFIG_PROXY,
    CONFIG_CONNECT_TIMEOUT,
    CONFIG_UPLOAD_TIMEOUT,
    CONFIG_DEBUGINFOD_URLS,
    CONFIG_DEBUGINFOD_TIMEOUT,
    CONFIG_DEBUGINFOD_MAX_SIZE,
    CONFIG_DEBUGINFOD_CACHE_SIZE,
    CONFIG_INDEX_AFTER,
    CONFIG_INDEX_MAX_SIZE,
    CONFIG_KEYS,
};

enum config_type {
    CONFIG_TYPE_TEXT,
    CONFIG_TYPE_DSN,
    CONFIG_TYPE_BOOLEAN,
    CONFIG_TYPE_NUMBER,
    CONFIG_TYPE_SIZE,
    CONFIG_TYPE_DURATION,
    CONFIG_TYPE_CHOICE,
    CONFIG_TYPE_PATH,  /* absolute */
    CONFIG_TYPE_PATHS, /* absolute, separated by blanks */
    CONFIG_TYPE_URLS,  /* http or https, separated by blanks */
    CONFIG_TYPE_TAGS,  /* NAME=VALUE, separated by blanks; adds up over lines and sections */
    CONFIG_TYPE_MAPS,  /* FROM=TO likewise; TO absolute */
};

struct config_key_info {
    const char *name;
    enum config_type type;
    int only_crashd;      /* not in [user], [exe] and [unit] */
    const char *standard; /* the default as text, NULL for none */
    const char *choices[6];
    const char *description;
    uint64_t least, most; /* most 0: no range */
};

extern const struct config_key_info config_keys[CONFIG_KEYS];

#endif
