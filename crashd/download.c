/* SPDX-License-Identifier: MIT */
#include "crashd/download.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/text.h"

enum { REDIRECTIONS_MAX = 5 };

/* What is decoded counts: a few bytes of zstd may become any number. */
static size_t on_body(char *data, size_t one, size_t size, void *context) {
    struct download *download = context;
    if (size > download->limit - download->size)
        download->trouble = EFBIG;
    else
        download->trouble = -io_write_all(download->file, data, size);
    if (download->trouble)
        return CURL_WRITEFUNC_ERROR;
    download->size += size;
    return size;
}

static void configure(struct download *download, const struct transfer_settings *settings,
                      const char *url) {
    CURL *handle = download->handle;
    transfer_configure(&download->transfer, handle, settings);
    curl_easy_setopt(handle, CURLOPT_URL, url);
    curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(handle, CURLOPT_MAXREDIRS, (long)REDIRECTIONS_MAX);
    /* What is asked for in secret is not looked for in public. */
    curl_easy_setopt(handle, CURLOPT_REDIR_PROTOCOLS_STR,
                     text_starts_with(url, "https:") ? "https" : "http,https");
    curl_easy_setopt(handle, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(handle, CURLOPT_ACCEPT_ENCODING, "");
    curl_easy_setopt(handle, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)download->limit);
    curl_easy_setopt(handle, CURLOPT_USERAGENT, "crashd/" CRASHD_VERSION);
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, download);
    curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, download->problem);
}

int download_start(CURLM *multi, const struct transfer_settings *settings, int cache,
                   const char *url, uint64_t limit, void *context, struct download **ret) {
    struct download *download = calloc(1, sizeof *download);
    if (!download)
        return -ENOMEM;
    *download = (struct download){
        .transfer.kind = TRANSFER_DOWNLOAD, .cache = cache, .limit = limit, .context = context};
    download->file = debugcache_begin(cache, download->temporary);
    int r = download->file < 0 ? download->file : 0;
    download->handle = r == 0 ? curl_easy_init() : NULL;
    if (r == 0 && !download->handle)
        r = -ENOMEM;
    if (r == 0) {
        configure(download, settings, url);
        r = curl_multi_add_handle(multi, download->handle) == CURLM_OK ? 0 : -ENOMEM;
    }
    if (r < 0) {
        download_free(NULL, download);
        return r;
    }
    *ret = download;
    return 0;
}

bool download_flows(const struct download *download) {
    return download->size > 0;
}

enum download_result download_finish(struct download *download, CURLcode code,
                                     const struct debugcache_key *key, char *problem, size_t size) {
    long status = 0;
    curl_easy_getinfo(download->handle, CURLINFO_RESPONSE_CODE, &status);
    if (code == CURLE_FILESIZE_EXCEEDED || download->trouble == EFBIG) {
        snprintf(problem, size, "longer than debuginfod-max-size");
        return DOWNLOAD_LARGE;
    }
    if (download->trouble) {
        snprintf(problem, size, "%s", strerror(download->trouble));
        return DOWNLOAD_LOCAL;
    }
    if (status == 404 || status == 410)
        return DOWNLOAD_ABSENT;
    if (code == CURLE_OK && status == 200 && download->size > 0) {
        int r = debugcache_install(download->cache, download->temporary, key);
        if (r < 0)
            snprintf(problem, size, "%s", strerror(-r));
        else
            download->temporary[0] = '\0';
        return r < 0 ? DOWNLOAD_LOCAL : DOWNLOAD_DONE;
    }
    if (code == CURLE_OK || code == CURLE_HTTP_RETURNED_ERROR)
        snprintf(problem, size, "HTTP %ld%s", status, status == 200 ? " without a body" : "");
    else
        snprintf(problem, size, "%s",
                 *download->problem ? download->problem : curl_easy_strerror(code));
    return DOWNLOAD_FAILED;
}

struct download *download_free(CURLM *multi, struct download *download) {
    if (multi)
        curl_multi_remove_handle(multi, download->handle);
    curl_easy_cleanup(download->handle);
    if (download->file >= 0) {
        close(download->file);
        if (*download->temporary)
            debugcache_abandon(download->cache, download->temporary);
    }
    free(download);
    return NULL;
}
