/* SPDX-License-Identifier: MIT */
#include "sentry/told.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "sentry/json.h"

enum { NAME_LIMIT = 200, VALUE_LIMIT = 1024 };

static json_t *render_pairs(const struct report_pair *pairs, size_t n) {
    json_t *object = json_object();
    for (size_t i = 0; i < n; i++)
        json_put_text(object, pairs[i].name, pairs[i].value, VALUE_LIMIT);
    return object;
}

json_t *told_render_breadcrumbs(const struct crash_report *report) {
    json_t *values = json_array();
    for (size_t i = 0; i < report->n_breadcrumbs; i++) {
        const struct report_breadcrumb *crumb = &report->breadcrumbs[i];
        json_t *object = json_pack("{ss}", "type", "default");
        if (crumb->time) {
            char time[CLOCK_RFC3339_SIZE];
            clock_rfc3339(crumb->time, time);
            json_put_text(object, "timestamp", time, sizeof time);
        }
        json_put_text(object, "level", crumb->level, 16);
        json_put_text(object, "category", crumb->category, NAME_LIMIT);
        json_put_text(object, "message", crumb->message, VALUE_LIMIT);
        json_put(object, "data", render_pairs(crumb->data, crumb->n_data));
        json_array_append_new(values, object);
    }
    return json_array_size(values) ? json_pack("{so}", "values", values)
                                   : (json_decref(values), NULL);
}

json_t *told_render_user(const struct crash_report *report) {
    static const char *const known[] = {"id", "username", "email", "ip_address", "name"};
    json_t *user = json_object(), *data = json_object();
    json_put_text(user, "id", report->context->user_id, NAME_LIMIT);
    for (size_t i = 0; i < report->user.n_values; i++) {
        const struct report_pair *pair = &report->user.values[i];
        json_t *where = data;
        for (size_t j = 0; j < sizeof known / sizeof *known; j++)
            if (strcmp(pair->name, known[j]) == 0)
                where = user;
        json_put_text(where, pair->name, pair->value, VALUE_LIMIT);
    }
    json_put(user, "data", data);
    return user;
}

void told_add_contexts(const struct crash_report *report, json_t *contexts) {
    for (size_t i = 0; i < report->n_told; i++) {
        const struct report_told *told = &report->told[i];
        char name[NAME_LIMIT + sizeof " (program)"];
        if (text_empty(told->name))
            continue;
        snprintf(name, sizeof name, "%.*s%s", NAME_LIMIT, told->name,
                 json_object_get(contexts, told->name) ? " (program)" : "");
        json_put(contexts, name, render_pairs(told->values, told->n_values));
    }
}
