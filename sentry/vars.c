/* SPDX-License-Identifier: MIT */
#include "sentry/vars.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "sentry/json.h"

/* A server that takes less keeps the beginning (SENTRY.md 1.4). */
enum { VALUE_MAX = 4096, VALUE_MIN = 32, FRAME_MAX = 8192, HIDDEN_MAX = 9, NAME_MAX_BYTES = 200 };

/* The inner one of two has the name, and the hidden one a number. False if there are too many. */
static bool choose_name(const json_t *vars, const char *name, char *text, size_t size) {
    snprintf(text, size, "%s", name);
    for (int i = 2; json_object_get(vars, text); i++) {
        if (i > HIDDEN_MAX)
            return false;
        snprintf(text, size, "%s (%d)", name, i);
    }
    return true;
}

/* How long a value may be, so that all have a place. */
static size_t choose_limit(const struct frame *frame) {
    size_t limit = VALUE_MAX;
    for (; limit > VALUE_MIN; limit /= 2) {
        size_t sum = 0;
        for (size_t i = 0; i < frame->n_variables; i++) {
            size_t length = strlen(frame->variables[i].value);
            sum += strlen(frame->variables[i].name) + (length < limit ? length : limit);
        }
        if (sum <= FRAME_MAX)
            break;
    }
    return limit;
}

json_t *vars_render(const struct frame *frame, bool variables) {
    size_t limit = choose_limit(frame);
    json_t *vars = json_object();
    /* Strict servers refuse the trust key, and Symbolicator deletes frames that have it. */
    if (frame->trust == FRAME_TRUST_SCAN)
        json_object_set_new(vars, "found by", json_string("stack scan: may be wrong"));
    if (frame->tail_call)
        json_object_set_new(vars, "found by", json_string("tail call, from debug information"));
    for (size_t i = 0; variables && i < frame->n_variables; i++) {
        const struct variable *variable = &frame->variables[i];
        char name[NAME_MAX_BYTES + 8];
        BASE_CLEANUP(free)
        char *clean = text_clean(variable->name, NAME_MAX_BYTES);
        BASE_CLEANUP(free)
        char *value = text_clean(variable->value, limit);
        if (clean && value && choose_name(vars, clean, name, sizeof name))
            json_object_set_new(vars, name, json_string(value));
    }
    if (json_object_size(vars) == 0) {
        json_decref(vars);
        return NULL;
    }
    return vars;
}
