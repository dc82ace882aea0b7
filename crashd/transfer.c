/* SPDX-License-Identifier: MIT */
#include "crashd/transfer.h"

void transfer_configure(struct transfer *transfer, CURL *handle,
                        const struct transfer_settings *settings) {
    curl_easy_setopt(handle, CURLOPT_PRIVATE, transfer);
    curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, settings->connect_milliseconds);
    if (settings->ca_file)
        curl_easy_setopt(handle, CURLOPT_CAINFO, settings->ca_file);
    if (settings->proxy)
        curl_easy_setopt(handle, CURLOPT_PROXY, settings->proxy);
}

struct transfer *transfer_of(CURL *handle) {
    char *transfer = NULL;
    curl_easy_getinfo(handle, CURLINFO_PRIVATE, &transfer);
    return (struct transfer *)transfer;
}
