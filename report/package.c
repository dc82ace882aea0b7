/* SPDX-License-Identifier: MIT */
#include "report/package.h"

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
#include "report/arch_x86_64.h"

#define DPKG "/var/lib/dpkg"

enum { LIST_MAX = 16 << 20, STATUS_MAX = 64 << 20, CACHE_MAX = 1000, PREPARE_MAX = 32 };

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

/* A path in the spellings before and after /usr was merged. */
struct wanted {
    const char *path;
    char *other, *end; /* end: of the line, from the last slash on */
    char *owner;       /* "name" or "name:architecture" */
};

static void wanted_clear(struct wanted *wanted) {
    free(wanted->other);
    free(wanted->end);
    free(wanted->owner);
}

static bool prepare(struct wanted *wanted, const char *path) {
    *wanted = (struct wanted){.path = path};
    bool merged = text_starts_with(path, "/usr/");
    if (asprintf(&wanted->other, "%s%s", merged ? "" : "/usr",
                 merged ? path + strlen("/usr") : path) < 0)
        wanted->other = NULL;
    if (asprintf(&wanted->end, "/%s\n", text_basename(path)) < 0)
        wanted->end = NULL;
    if (wanted->other && wanted->end)
        return true;
    wanted_clear(wanted);
    return false;
}

static bool is_line(const char *text, const char *end, const char *line) {
    size_t length = strlen(line);
    return (size_t)(end - text) >= length && memcmp(end - length, line, length) == 0 &&
           (end - length == text || end[-(ptrdiff_t)length - 1] == '\n');
}

/* Most lists have no file of that name, which is found out fastest. */
static bool has(const char *text, const struct wanted *wanted) {
    for (const char *p = text; (p = strstr(p, wanted->end)); p++) {
        const char *end = p + strlen(wanted->end) - 1;
        if (is_line(text, end, wanted->path) || is_line(text, end, wanted->other))
            return true;
    }
    return false;
}

static void look_into(int directory, const char *list, struct wanted *wanted, size_t n) {
    BASE_CLEANUP(free)
    char *text = NULL;
    size_t size;
    if (io_read_file(directory, list, LIST_MAX, &text, &size) < 0)
        return;
    for (size_t i = 0; i < n; i++)
        if (!wanted[i].owner && has(text, &wanted[i]))
            wanted[i].owner = strndup(list, strlen(list) - strlen(".list"));
}

/* Packages of one library are named after its soname: libfoo.so.1.2 is in libfoo1, libbar2.so.1 in
 * libbar2-1. What a guess misses, the pass over all lists finds. */
static void guess(int directory, struct wanted *wanted, size_t n) {
    const char *name = text_basename(wanted->path), *version = strstr(name, ".so.");
    int length = version ? (int)(version - name) : 0;
    char package[64], list[128];
    if (length == 0 || length > 32)
        return;
    version += strlen(".so.");
    bool digit = name[length - 1] >= '0' && name[length - 1] <= '9';
    snprintf(package, sizeof package, "%.*s%s%.*s", length, name, digit ? "-" : "",
             (int)strspn(version, "0123456789"), version);
    const char *candidates[] = {package, "libc6"};
    for (size_t i = 0; i < 2 && !wanted->owner; i++) {
        snprintf(list, sizeof list, "%s:" ARCH_DEBIAN ".list", candidates[i]);
        look_into(directory, list, wanted, n);
        snprintf(list, sizeof list, "%s.list", candidates[i]);
        if (!wanted->owner)
            look_into(directory, list, wanted, n);
    }
}

static bool all_found(const struct wanted *wanted, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (!wanted[i].owner)
            return false;
    return true;
}

static void find_owners(struct wanted *wanted, size_t n) {
    BASE_CLEANUP(closedir)
    DIR *directory = opendir(DPKG "/info");
    struct dirent *entry;
    if (!directory)
        return;
    for (size_t i = 0; i < n; i++)
        if (!wanted[i].owner)
            guess(dirfd(directory), &wanted[i], n - i);
    while (!all_found(wanted, n) && (entry = readdir(directory)))
        if (text_ends_with(entry->d_name, ".list"))
            look_into(dirfd(directory), entry->d_name, wanted, n);
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

static json_t *answer_for(char *owner) {
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

/* False if there is no such database. */
static bool refresh(struct package_cache *cache) {
    struct stat status;
    if (stat(DPKG "/status", &status) < 0)
        return false;
    if (status.st_mtim.tv_sec != cache->changed.tv_sec ||
        status.st_mtim.tv_nsec != cache->changed.tv_nsec ||
        json_object_size(cache->answers) >= CACHE_MAX) {
        json_object_clear(cache->answers);
        cache->changed = status.st_mtim;
    }
    return true;
}

void package_prepare(struct package_cache *cache, const char *const *paths, size_t n) {
    struct wanted wanted[PREPARE_MAX];
    size_t unknown = 0;
    if (!refresh(cache))
        return;
    for (size_t i = 0; i < n && unknown < PREPARE_MAX; i++)
        if (may_be_packaged(paths[i]) && !json_object_get(cache->answers, paths[i]) &&
            prepare(&wanted[unknown], paths[i]))
            unknown++;
    if (unknown > 0)
        find_owners(wanted, unknown);
    for (size_t i = 0; i < unknown; i++) {
        json_object_set_new(cache->answers, wanted[i].path, answer_for(wanted[i].owner));
        wanted_clear(&wanted[i]);
    }
}

void package_find(struct package_cache *cache, const char *path, const char **name,
                  const char **version) {
    *name = *version = NULL;
    if (!cache)
        return;
    package_prepare(cache, &path, 1);
    const json_t *answer = json_object_get(cache->answers, path);
    if (json_is_array(answer)) {
        *name = json_string_value(json_array_get(answer, 0));
        *version = json_string_value(json_array_get(answer, 1));
    }
}
