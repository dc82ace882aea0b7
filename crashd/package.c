/* SPDX-License-Identifier: MIT */
#include "crashd/package.h"

#include <dirent.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/text.h"

#define DPKG "/var/lib/dpkg"

enum { LIST_MAX = 16 << 20, STATUS_MAX = 64 << 20, CACHE_MAX = 1000 };

/* Answers hold until dpkg's status changes. */
struct package_cache {
    json_t *answers; /* path: [name, version] or null */
    struct timespec changed;
};

struct package_cache *package_cache_new(void) {
    struct package_cache *cache = calloc(1, sizeof *cache);
    if (cache)
        cache->answers = json_object();
    return cache;
}

struct package_cache *package_cache_free(struct package_cache *cache) {
    if (cache)
        json_decref(cache->answers);
    free(cache);
    return NULL;
}

static bool has_line(const char *text, const char *line) {
    size_t length = strlen(line);
    for (const char *p = text; (p = strstr(p, line)); p++)
        if ((p == text || p[-1] == '\n') && (p[length] == '\n' || p[length] == '\0'))
            return true;
    return false;
}

/* The package whose list has path, in the spelling before or after /usr was merged: "name" or
 * "name:architecture", malloc'ed. */
static char *find_owner(const char *path) {
    BASE_CLEANUP(closedir)
    DIR *directory = opendir(DPKG "/info");
    BASE_CLEANUP(free)
    char *other = NULL;
    struct dirent *entry;
    int n = text_starts_with(path, "/usr/") ? asprintf(&other, "%s", path + strlen("/usr"))
                                            : asprintf(&other, "/usr%s", path);
    if (n < 0) {
        other = NULL;
        return NULL;
    }
    while (directory && (entry = readdir(directory))) {
        BASE_CLEANUP(free)
        char *text = NULL;
        size_t size;
        if (!text_ends_with(entry->d_name, ".list") ||
            io_read_file(dirfd(directory), entry->d_name, LIST_MAX, &text, &size) < 0)
            continue;
        if (has_line(text, path) || has_line(text, other))
            return strndup(entry->d_name, strlen(entry->d_name) - strlen(".list"));
    }
    return NULL;
}

/* "Version:" of a package's paragraph: malloc'ed. */
static char *find_version(const char *name) {
    BASE_CLEANUP(free)
    char *text = NULL;
    BASE_CLEANUP(free)
    char *start = NULL;
    size_t size;
    if (io_read_file(AT_FDCWD, DPKG "/status", STATUS_MAX, &text, &size) < 0 ||
        asprintf(&start, "Package: %s\n", name) < 0) {
        start = NULL;
        return NULL;
    }
    for (char *p = text; (p = strstr(p, start)); p++) {
        if (p != text && p[-1] != '\n')
            continue;
        char *end = strstr(p, "\n\n"), *version = strstr(p, "\nVersion: ");
        if (!version || (end && version > end))
            return NULL;
        version += strlen("\nVersion: ");
        return strndup(version, strcspn(version, "\n"));
    }
    return NULL;
}

static json_t *look_up(const char *path) {
    BASE_CLEANUP(free)
    char *owner = find_owner(path);
    if (!owner)
        return json_null();
    owner[strcspn(owner, ":")] = '\0';
    BASE_CLEANUP(free)
    char *version = find_version(owner);
    return json_pack("[s s]", owner, version ? version : "");
}

/* Going through all lists for a program that somebody has just built takes longer than all the
 * rest of its report. */
static bool may_be_packaged(const char *path) {
    static const char *const directories[] = {"/usr/", "/bin/", "/sbin/", "/lib", "/opt/"};
    if (text_starts_with(path, "/usr/local/"))
        return false;
    for (size_t i = 0; i < sizeof directories / sizeof *directories; i++)
        if (text_starts_with(path, directories[i]))
            return true;
    return false;
}

void package_find(struct package_cache *cache, const char *path, const char **name,
                  const char **version) {
    struct stat status;
    *name = *version = NULL;
    if (!cache || !may_be_packaged(path) || stat(DPKG "/status", &status) < 0)
        return;
    if (status.st_mtim.tv_sec != cache->changed.tv_sec ||
        status.st_mtim.tv_nsec != cache->changed.tv_nsec ||
        json_object_size(cache->answers) >= CACHE_MAX) {
        json_object_clear(cache->answers);
        cache->changed = status.st_mtim;
    }
    json_t *answer = json_object_get(cache->answers, path);
    if (!answer) {
        answer = look_up(path);
        json_object_set_new(cache->answers, path, answer);
    }
    if (json_is_array(answer)) {
        *name = json_string_value(json_array_get(answer, 0));
        *version = json_string_value(json_array_get(answer, 1));
    }
}
