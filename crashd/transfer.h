/* SPDX-License-Identifier: MIT */
/* What uploads and downloads have in common. */
#ifndef CRASHD_TRANSFER_H
#define CRASHD_TRANSFER_H

#include <curl/curl.h>

struct transfer_settings {
    long connect_milliseconds, upload_milliseconds;
    const char *ca_file, *proxy; /* NULL: none */
};

enum transfer_kind { TRANSFER_UPLOAD, TRANSFER_DOWNLOAD };

/* The first member of what a curl handle belongs to. */
struct transfer {
    enum transfer_kind kind;
};

/* How this machine reaches servers, whatever is asked of them; transfer can be found by handle. */
void transfer_configure(struct transfer *transfer, CURL *handle,
                        const struct transfer_settings *settings);
struct transfer *transfer_of(CURL *handle);

#endif
