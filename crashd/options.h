/* SPDX-License-Identifier: MIT */
/* The command line. */
#ifndef CRASHD_OPTIONS_H
#define CRASHD_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

enum { OPTIONS_TAGS_MAX = 64 };

struct options {
    const char *config, *socket, *state_dir, *dsn;
    bool check_config;
    /* Between crashctl run and its private daemon. */
    const char *run_id, *drop_dir, *environment, *release, *ci_release, *work_directory,
        *debuginfod_urls;
    int notify_fd; /* -1: none */
    const char *tags[OPTIONS_TAGS_MAX];
    size_t n_tags;
    const char *source_maps[OPTIONS_TAGS_MAX]; /* FROM=TO */
    size_t n_source_maps;
};

/* 0: go on. 1: done (help, version). Negative: wrong usage, said on stderr. */
int options_parse(int argc, char **argv, struct options *ret);

#endif
