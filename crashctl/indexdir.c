/* SPDX-License-Identifier: MIT */
#include "crashctl/indexdir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"

char *indexdir_default(void) {
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    char *path = NULL;
    int r;
    if (geteuid() == 0)
        r = asprintf(&path, "/var/cache/crashd/index");
    else if (!text_empty(cache))
        r = asprintf(&path, "%s/crashd/index", cache);
    else
        r = asprintf(&path, "%s/.cache/crashd/index", text_empty(home) ? "." : home);
    return r < 0 ? NULL : path;
}

int indexdir_make(const char *path) {
    BASE_CLEANUP(free)
    char *part = strdup(path);
    if (!part)
        return -ENOMEM;
    for (char *slash = part; (slash = strchr(slash + 1, '/'));) {
        *slash = '\0';
        if (mkdir(part, 0777) < 0 && errno != EEXIST)
            return -errno;
        *slash = '/';
    }
    if (mkdir(path, 0777) < 0 && errno != EEXIST)
        return -errno;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}
