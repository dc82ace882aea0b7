/* SPDX-License-Identifier: MIT */
#include "sentry/json.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/text.h"

void json_put_text(json_t *object, const char *key, const char *text, size_t limit) {
    if (text_empty(text))
        return;
    BASE_CLEANUP(free)
    char *clean = text_clean(text, limit);
    if (clean)
        json_object_set_new(object, key, json_string_nocheck(clean));
}

void json_put_address(json_t *object, const char *key, uint64_t address) {
    char text[20];
    snprintf(text, sizeof text, "0x%" PRIx64, address);
    json_object_set_new(object, key, json_string_nocheck(text));
}

void json_put(json_t *object, const char *key, json_t *value) {
    if ((json_is_object(value) && json_object_size(value) == 0) ||
        (json_is_array(value) && json_array_size(value) == 0)) {
        json_decref(value);
        return;
    }
    json_object_set_new(object, key, value);
}
