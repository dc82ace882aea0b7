/* SPDX-License-Identifier: MIT */
#include "crashctl/sourcemap.h"

#include <stdio.h>
#include <string.h>

bool sourcemap_add(const char *text, const char *maps[SOURCEMAP_LIMIT], size_t *n) {
    const char *equals = strchr(text, '=');
    if (!equals || equals == text || equals[1] != '/') {
        fprintf(stderr, "crashctl: --source-map %s: FROM=TO is expected, TO an absolute path\n",
                text);
        return false;
    }
    if (*n == SOURCEMAP_LIMIT) {
        fprintf(stderr, "crashctl: --source-map: at most %d times\n", SOURCEMAP_LIMIT);
        return false;
    }
    maps[(*n)++] = text;
    return true;
}
