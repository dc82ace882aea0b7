/* SPDX-License-Identifier: MIT */
#include "sentry/vars.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "sentry/json.h"

/* Servers cut a frame's vars at about 2 KiB, wherever that is (SENTRY.md 1.4). */
enum { VALUE_LIMIT = 512, FRAME_LIMIT = 2048, HIDDEN_LIMIT = 9, NAME_LIMIT = 200 };

/* The inner one of two has the name, and the hidden one a number. False if there are too many. */
static bool choose_name(const json_t *vars, const char *name, char *text, size_t size) {
    snprintf(text, size, "%s", name);
    for (int i = 2; json_object_get(vars, text); i++) {
        if (i > HIDDEN_LIMIT)
            return false;
        snprintf(text, size, "%s (%d)", name, i);
    }
    return true;
}

json_t *vars_render(const struct frame *frame, bool variables) {
    size_t left = FRAME_LIMIT;
    json_t *vars = json_object();
    /* Strict servers refuse the trust key, and Symbolicator deletes frames that have it. */
    if (frame->trust == FRAME_TRUST_SCAN)
        json_object_set_new(vars, "found by", json_string("stack scan: may be wrong"));
    for (size_t i = 0; variables && i < frame->n_variables; i++) {
        const struct variable *variable = &frame->variables[i];
        char name[NAME_LIMIT + 8];
        BASE_CLEANUP(free)
        char *clean = text_clean(variable->name, NAME_LIMIT);
        BASE_CLEANUP(free)
        char *value = text_clean(variable->value, VALUE_LIMIT);
        if (!clean || !value || !choose_name(vars, clean, name, sizeof name))
            continue;
        size_t size = strlen(name) + strlen(value);
        if (size > left)
            continue;
        left -= size;
        json_object_set_new(vars, name, json_string(value));
    }
    if (json_object_size(vars) == 0) {
        json_decref(vars);
        return NULL;
    }
    return vars;
}
