/* SPDX-License-Identifier: MIT */
#include "sentry/clientreport.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"

BASE_DEFINE_CLEANUP(json_decref, json_t *, json_decref);

int clientreport_render(const struct clientreport *report, uint64_t now, char **json,
                        size_t *size) {
    static const char *const names[CLIENTREPORT_REASONS] = {
        [CLIENTREPORT_RATELIMIT_BACKOFF] = "ratelimit_backoff",
        [CLIENTREPORT_CACHE_OVERFLOW] = "cache_overflow",
        [CLIENTREPORT_NETWORK_ERROR] = "network_error",
        [CLIENTREPORT_SEND_ERROR] = "send_error",
        [CLIENTREPORT_BEFORE_SEND] = "before_send",
        [CLIENTREPORT_SAMPLE_RATE] = "sample_rate",
        [CLIENTREPORT_INTERNAL_SDK_ERROR] = "internal_sdk_error",
    };
    char time[CLOCK_RFC3339_SIZE];
    *json = NULL;
    *size = 0;
    json_t *discarded = json_array();
    for (int i = 0; i < CLIENTREPORT_REASONS; i++)
        if (report->errors[i])
            json_array_append_new(discarded,
                                  json_pack("{ss ss sI}", "reason", names[i], "category", "error",
                                            "quantity", (json_int_t)report->errors[i]));
    if (json_array_size(discarded) == 0) {
        json_decref(discarded);
        return 0;
    }
    clock_rfc3339(now, time);
    BASE_CLEANUP(json_decref)
    json_t *root = json_pack("{ss so}", "timestamp", time, "discarded_events", discarded);
    *json = root ? json_dumps(root, JSON_COMPACT) : NULL;
    if (!*json)
        return -ENOMEM;
    *size = strlen(*json);
    return 0;
}
