/* SPDX-License-Identifier: MIT */
/* One GET of a file into the cache of debug files. What comes is not looked into: a worker does
 * that, in its sandbox. */
#ifndef CRASHD_DOWNLOAD_H
#define CRASHD_DOWNLOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "crashd/debugcache.h"
#include "crashd/transfer.h"

struct download {
    struct transfer transfer;
    CURL *handle;
    int cache, file;
    char temporary[DEBUGCACHE_TEMPORARY_MAX];
    uint64_t size, limit;
    int trouble; /* errno of writing; EFBIG: there is more than limit */
    char problem[CURL_ERROR_SIZE];
    void *context;
};

enum download_result {
    DOWNLOAD_DONE,   /* it is in the cache */
    DOWNLOAD_ABSENT, /* the server does not have it */
    DOWNLOAD_LARGE,  /* it does, but that is more than is wanted */
    DOWNLOAD_FAILED, /* the server's fault, or the way to it */
    DOWNLOAD_LOCAL,  /* ours */
};

/* Starts it. cache stays the caller's. 0 or negative errno. */
int download_start(CURLM *multi, const struct transfer_settings *settings, int cache,
                   const char *url, uint64_t limit, void *context, struct download **ret);
/* After its end: puts it in its place if it is whole. problem: one line when it is not. */
enum download_result download_finish(struct download *download, CURLcode code,
                                     const struct debugcache_key *key, char *problem, size_t size);
/* Whether its body has begun to come. */
bool download_flows(const struct download *download);
/* What is not in its place by now is gone. */
struct download *download_free(CURLM *multi, struct download *download);

#endif
