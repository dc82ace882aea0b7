/* SPDX-License-Identifier: MIT */
#include "crashd/modules.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "crashd/proc.h"

enum { MAPS_MAX = 32 << 20 };

static bool of_the_system(const char *path) {
    static const char *const directories[] = {"/usr/",    "/lib/", "/lib64/", "/lib32/",
                                              "/libx32/", "/bin/", "/sbin/"};
    if (text_starts_with(path, "/usr/local/"))
        return false;
    for (size_t i = 0; i < sizeof directories / sizeof *directories; i++)
        if (text_starts_with(path, directories[i]))
            return true;
    return false;
}

/* File accesses as the client's from here on; the other privileges stay. Only root can. */
static void become_client(const struct proc_status *status) {
    if (geteuid() != 0)
        return;
    setgroups(status->n_groups, status->groups);
    setfsgid(status->gids[3]);
    setfsuid(status->uids[3]);
}

static void become_self(void) {
    if (geteuid() != 0)
        return;
    setfsuid(0);
    setfsgid(0);
    setgroups(0, NULL);
}

static int open_below(int root, const char *path) {
    struct open_how how = {.flags = O_PATH | O_CLOEXEC,
                           .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
    if (root < 0)
        return open(path, O_PATH | O_CLOEXEC);
    return (int)syscall(SYS_openat2, root, path, &how, sizeof how);
}

/* A regular file is the only kind whose opening has no effect: looked at first, opened then. */
static int reopen(int place) {
    char path[64];
    struct stat st;
    if (fstat(place, &st) < 0 || !S_ISREG(st.st_mode))
        return -1;
    snprintf(path, sizeof path, "/proc/self/fd/%d", place);
    return open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
}

/* The path in a line of maps, or NULL. Device and inode there are not compared: overlay file
 * systems show other ones than stat does; the build-id is checked where the file is used. */
static char *path_of_line(char *line) {
    int at = 0;
    sscanf(line, "%*x-%*x %*4s %*x %*x:%*x %*u %n", &at);
    return at > 0 && line[at] == '/' ? line + at : NULL;
}

size_t modules_open(int process, bool everything, json_t *paths, int fds[MODULES_MAX]) {
    struct proc_status status;
    size_t n = 0, room = MODULES_PATHS_MAX;
    BASE_CLEANUP(free)
    char *maps = proc_text(process, "maps", MAPS_MAX, NULL);
    BASE_CLEANUP(free)
    char *exe = proc_link(process, "exe");
    BASE_CLEANUP(close)
    int root = openat(process, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
    char *rest = maps, *text;
    const char *last = "";

    if (!maps || proc_status(process, &status) < 0)
        return 0;
    become_client(&status);
    while (n < MODULES_MAX && rest && (text = strsep(&rest, "\n"))) {
        char *path = path_of_line(text);
        if (!path || strcmp(path, last) == 0)
            continue;
        last = path;
        size_t length = strlen(path);
        bool deleted = text_ends_with(path, " (deleted)");
        bool is_exe = exe && strcmp(exe, path) == 0;
        if (length > room || (deleted && !is_exe) ||
            (!everything && !deleted && of_the_system(path)))
            continue;
        BASE_CLEANUP(close)
        int place = is_exe ? openat(process, "exe", O_PATH | O_CLOEXEC) : open_below(root, path);
        int fd = place < 0 ? -1 : reopen(place);
        if (fd < 0)
            continue;
        room -= length;
        /* The symbolizer knows paths without the kernel's mark. */
        if (deleted)
            path[length - strlen(" (deleted)")] = '\0';
        if (json_array_append_new(paths, json_string(path)) < 0) {
            close(fd);
            continue;
        }
        fds[n++] = fd;
    }
    become_self();
    return n;
}
