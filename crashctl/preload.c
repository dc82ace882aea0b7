/* SPDX-License-Identifier: MIT */
#include "crashctl/preload.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "crashctl/layout.h"

/* glibc puts its own word in the place of $LIB, by which 64 and 32 bits are told apart; musl takes
 * the name as it stands. "lib" is for 64 bits where those are not in lib64. */
static const char *const HOOK_NAMES[] = {"lib/x86_64-linux-gnu", "lib64", "$LIB", "lib"};
static const char *const STUB_NAMES[] = {"lib/i386-linux-gnu", "lib32", "lib"};

static int make_directories(char *path, size_t from) {
    for (char *p = path + from; *p; p++) {
        if (*p != '/')
            continue;
        *p = '\0';
        /* Other users' programs are watched, too. */
        bool made = mkdir(path, 0755) == 0 && chmod(path, 0755) == 0;
        *p = '/';
        if (!made && errno != EEXIST)
            return -errno;
    }
    return 0;
}

static int make_link(const char *directory, const char *name, const char *target) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s/libcrashhook.so", directory, name);
    int r = make_directories(path, strlen(directory) + 1);
    /* The first who names a place has it. */
    return r == 0 && symlink(target, path) < 0 && errno != EEXIST ? -errno : r;
}

static int make_links(const char *directory, const char *hook, const char *stub) {
    bool has_lib64 = access("/lib64/libc.so.6", F_OK) == 0;
    size_t n_hook = sizeof HOOK_NAMES / sizeof *HOOK_NAMES - has_lib64;
    int r = 0;
    for (size_t i = 0; r == 0 && i < n_hook; i++)
        r = make_link(directory, HOOK_NAMES[i], hook);
    for (size_t i = 0; r == 0 && stub && i < sizeof STUB_NAMES / sizeof *STUB_NAMES; i++)
        r = make_link(directory, STUB_NAMES[i], stub);
    return r;
}

char *preload_path(const char *directory) {
    BASE_CLEANUP(free)
    char *hook = layout_hook();
    BASE_CLEANUP(free)
    char *stub = layout_hook_stub();
    char *path;
    if (!hook)
        return NULL;
    /* Nothing hides /usr from a program, as a sandbox may hide /tmp. */
    if (text_starts_with(hook, "/usr/lib") && stub && text_starts_with(stub, "/usr/lib32/"))
        return strdup("/usr/$LIB/libcrashhook.so");
    int r = make_links(directory, hook, stub);
    if (r < 0) {
        errno = -r;
        return NULL;
    }
    return asprintf(&path, "%s/$LIB/libcrashhook.so", directory) < 0 ? NULL : path;
}
