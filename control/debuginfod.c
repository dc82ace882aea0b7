/* SPDX-License-Identifier: MIT */
#include "control/debuginfod.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/io.h"

enum { STATE_MAX = 1 << 20 };

static void json_release(json_t *value) {
    json_decref(value);
}
BASE_DEFINE_CLEANUP(json_release, json_t *, json_release);

int debuginfod_rows(const char *state_dir, query_row callback, void *context) {
    BASE_CLEANUP(free)
    char *path = NULL;
    BASE_CLEANUP(free)
    char *text = NULL;
    size_t size, i;
    json_error_t error;
    json_t *server;
    if (asprintf(&path, "%s/" DEBUGINFOD_DIRECTORY "/" DEBUGINFOD_STATE_FILE, state_dir) < 0) {
        path = NULL;
        return -ENOMEM;
    }
    int r = io_read_file(AT_FDCWD, path, STATE_MAX, &text, &size);
    if (r < 0)
        return r == -ENOENT ? 0 : r;
    BASE_CLEANUP(json_release)
    json_t *state = json_loadb(text, size, 0, &error);
    json_array_foreach (json_object_get(state, "servers"), i, server) {
        BASE_CLEANUP(json_release)
        json_t *row = json_pack(
            "{sO? sO? sO? sO?}", "debuginfod", json_object_get(server, "debuginfod"), "fetched",
            json_object_get(server, "fetched"), "last_error", json_object_get(server, "last_error"),
            "next_try", json_object_get(server, "next_try"));
        r = row ? callback(context, row) : -ENOMEM;
        if (r < 0)
            return r;
    }
    return 0;
}
