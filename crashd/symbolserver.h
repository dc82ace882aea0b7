/* SPDX-License-Identifier: MIT */
/* The debuginfod servers: which may be asked now, and what they are known not to have. Times are
 * CLOCK_REALTIME, since they outlive the process. */
#ifndef CRASHD_SYMBOLSERVER_H
#define CRASHD_SYMBOLSERVER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "crashd/debugcache.h"

enum { SYMBOLSERVERS_MAX = 16 };

struct symbolserver {
    char *url;
    char *display; /* without what may be a password */
    char *error;   /* of the last failure, NULL after a success */
    unsigned failures;
    uint64_t next_try;
    int64_t fetched;
};

struct symbolservers {
    int cache; /* -1: there is none yet */
    char *urls;
    struct symbolserver list[SYMBOLSERVERS_MAX];
    size_t n;
    json_t *absent; /* key -> until when */
    bool changed;
};

/* urls: separated by blanks. What is known of servers that stay is kept. */
int symbolservers_set(struct symbolservers *servers, const char *urls);
void symbolservers_clear(struct symbolservers *servers);
void symbolservers_forget(struct symbolservers *servers);
/* Reads and writes what earlier processes knew: DIRECTORY/servers.json. */
void symbolservers_load(struct symbolservers *servers);
void symbolservers_save(struct symbolservers *servers);

/* It is left alone for a while: a minute, doubling to an hour. */
void symbolserver_failed(struct symbolservers *servers, struct symbolserver *server,
                         const char *error, uint64_t now);
void symbolserver_answered(struct symbolservers *servers, struct symbolserver *server,
                           uint64_t now);

/* Nobody has it, or nobody something that is of use: remembered for an hour. */
void symbolservers_absent(struct symbolservers *servers, const struct debugcache_key *key,
                          uint64_t now);
bool symbolservers_lack(const struct symbolservers *servers, const struct debugcache_key *key,
                        uint64_t now);

/* One line about the first server that may not be asked now, NULL if there is none: malloc'ed. */
char *symbolservers_problem(const struct symbolservers *servers, uint64_t now);
/* When one of them may be asked; 0: now. */
uint64_t symbolservers_due(const struct symbolservers *servers, uint64_t now);

#endif
