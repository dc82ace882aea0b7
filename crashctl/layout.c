/* SPDX-License-Identifier: MIT */
#include "crashctl/layout.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Directory of this program plus below, if that is there; else installed. */
static char *beside_or(const char *below, const char *installed) {
    char self[PATH_MAX], *path;
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n > 0) {
        self[n] = '\0';
        *strrchr(self, '/') = '\0';
        if (asprintf(&path, "%s/%s", self, below) < 0)
            return NULL;
        char *resolved = realpath(path, NULL);
        free(path);
        if (resolved)
            return resolved;
    }
    return strdup(installed);
}

char *layout_daemon(void) {
    return beside_or("../crashd/crashd", CRASHD_SBINDIR "/crashd");
}

char *layout_hook(void) {
    return beside_or("../libcrashhook/libcrashhook.so", CRASHD_LIBDIR "/libcrashhook.so");
}

char *layout_hook_stub(void) {
    char *path =
        beside_or("../libcrashhook/lib32/libcrashhook.so", CRASHD_PREFIX "/lib32/libcrashhook.so");
    if (path && access(path, R_OK) < 0) {
        free(path);
        path = NULL;
    }
    return path;
}
