/* SPDX-License-Identifier: MIT */
/* What the program said through crashhook.h. */
#include "snapshot/decode.h"

#include "snapshot/values.h"

void decode_scope(struct reading *reading, uint64_t key, const msgpack_object *value) {
    struct snapshot *snapshot = &reading->owned->snapshot;
    switch (key) {
    case SNAPSHOT_SCOPE_RELEASE:
        snapshot->scope.release = value_string(reading, value);
        break;
    case SNAPSHOT_SCOPE_ENVIRONMENT:
        snapshot->scope.environment = value_string(reading, value);
        break;
    case SNAPSHOT_SCOPE_TAGS:
        snapshot->scope.tags = value_pairs(reading, value, &snapshot->scope.n_tags);
        break;
    case SNAPSHOT_SCOPE_USER:
        snapshot->scope.user = value_pairs(reading, value, &snapshot->scope.n_user);
        break;
    case SNAPSHOT_SCOPE_FINGERPRINT:
        snapshot->scope.fingerprint = value_strings(reading, value, &snapshot->scope.n_fingerprint);
        break;
    default:
        break;
    }
}

void decode_breadcrumb(struct reading *reading, uint64_t key, const msgpack_object *value) {
    struct snapshot *snapshot = &reading->owned->snapshot;
    struct snapshot_breadcrumb *crumb = &snapshot->breadcrumbs[snapshot->n_breadcrumbs];
    switch (key) {
    case SNAPSHOT_BREADCRUMB_TIME:
        crumb->time = value_uint(value);
        break;
    case SNAPSHOT_BREADCRUMB_LEVEL:
        crumb->level = value_string(reading, value);
        break;
    case SNAPSHOT_BREADCRUMB_CATEGORY:
        crumb->category = value_string(reading, value);
        break;
    case SNAPSHOT_BREADCRUMB_MESSAGE:
        crumb->message = value_string(reading, value);
        break;
    case SNAPSHOT_BREADCRUMB_DATA:
        crumb->data = value_pairs(reading, value, &crumb->n_data);
        break;
    default:
        break;
    }
}

void decode_context(struct reading *reading, uint64_t key, const msgpack_object *value) {
    struct snapshot *snapshot = &reading->owned->snapshot;
    struct snapshot_context *context = &snapshot->contexts[snapshot->n_contexts];
    switch (key) {
    case SNAPSHOT_CONTEXT_NAME:
        context->name = value_string(reading, value);
        break;
    case SNAPSHOT_CONTEXT_VALUES:
        context->values = value_pairs(reading, value, &context->n_values);
        break;
    default:
        break;
    }
}
