/* SPDX-License-Identifier: MIT */
#include "crashd/mappedfiles.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/cleanup.h"
#include "crashd/ipc.h"
#include "crashd/proc.h"
#include "snapshot/procmap.h"

enum { MAPS_MAX = 32 << 20, FILES_MAX = 65536 };

/* Mappings of one file mostly stand in a row. */
static void add(json_t *files, const char *path) {
    size_t n = json_array_size(files);
    const char *last = n > 0 ? json_string_value(json_array_get(files, n - 1)) : NULL;
    if (path[0] == '/' && n < FILES_MAX && (!last || strcmp(last, path) != 0))
        json_array_append_new(files, json_string(path));
}

/* Linux 6.11; asks for what has code only. False if the kernel does not know the call. */
static bool query(int maps, json_t *files) {
#ifdef CRASHD_OLD_KERNEL
    return false;
#endif
    char name[PATH_MAX + 16];
    struct procmap_query query = {.size = sizeof query};
    bool known = false;
    for (uint64_t address = 0;; address = query.end) {
        query = (struct procmap_query){
            .size = sizeof query,
            .flags = PROCMAP_COVERING_OR_NEXT | PROCMAP_FILE_BACKED | PROCMAP_EXECUTABLE,
            .address = address,
            .name = (uint64_t)(uintptr_t)name,
            .name_size = sizeof name,
        };
        if (ioctl(maps, PROCMAP_QUERY, &query) < 0)
            return known || errno == ENOENT;
        known = true;
        if (query.name_size > 0)
            add(files, name);
    }
}

/* The path in a line with code, or NULL. */
static const char *path_of_line(const char *line) {
    char executable = '-';
    int at = 0;
    sscanf(line, "%*x-%*x %*c%*c%c%*c %*x %*x:%*x %*u %n", &executable, &at);
    return at > 0 && executable == 'x' ? line + at : NULL;
}

static void read_lines(int process, json_t *files) {
    BASE_CLEANUP(free)
    char *text = proc_text(process, "maps", MAPS_MAX, NULL);
    char *rest = text, *line;
    while (rest && (line = strsep(&rest, "\n"))) {
        const char *path = path_of_line(line);
        if (path)
            add(files, path);
    }
}

json_t *mapped_files(int process) {
    BASE_CLEANUP(close)
    int maps = openat(process, "maps", O_RDONLY | O_CLOEXEC);
    json_t *files = maps < 0 ? NULL : json_array();
    if (files && !query(maps, files))
        read_lines(process, files);
    return files;
}
