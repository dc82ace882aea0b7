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
#include "crashd/mappedfiles.h"
#include "crashd/proc.h"

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

void modules_view(const struct peer *peer, struct modules_view *view) {
    *view = (struct modules_view){
        .files = mapped_files(peer->process),
        .exe_path = proc_link(peer->process, "exe"),
        .root_path = proc_link(peer->process, "root"),
        .exe = openat(peer->process, "exe", O_PATH | O_CLOEXEC),
        .root = openat(peer->process, "root", O_PATH | O_DIRECTORY | O_CLOEXEC),
    };
}

void modules_view_clear(struct modules_view *view) {
    json_decref(view->files);
    free(view->exe_path);
    free(view->root_path);
    cleanup_close(&view->exe);
    cleanup_close(&view->root);
    *view = (struct modules_view){.exe = -1, .root = -1};
}

/* /proc shows us where its root is; to the process itself, and in its snapshot, that is "/". */
static const char *seen_inside(const struct modules_view *view, const char *path) {
    size_t length = view->root_path ? strlen(view->root_path) : 0;
    bool below = length > 1 && strncmp(path, view->root_path, length) == 0 && path[length] == '/';
    return below ? path + length : path;
}

size_t modules_open(const struct modules_view *view, const struct proc_status *owner,
                    bool everything, json_t *paths, int fds[MODULES_MAX]) {
    size_t n = 0, room = MODULES_PATHS_MAX;

    become_client(owner);
    for (size_t i = 0; i < json_array_size(view->files) && n < MODULES_MAX; i++) {
        const char *path = json_string_value(json_array_get(view->files, i));
        bool deleted = text_ends_with(path, " (deleted)");
        bool is_exe = view->exe_path && strcmp(view->exe_path, path) == 0;
        path = seen_inside(view, path);
        size_t length = strlen(path);
        if (length > room || (deleted && !is_exe) ||
            (!everything && !deleted && of_the_system(path)))
            continue;
        BASE_CLEANUP(close)
        int place = is_exe ? -1 : open_below(view->root, path);
        int fd = is_exe ? reopen(view->exe) : place < 0 ? -1 : reopen(place);
        if (fd < 0)
            continue;
        room -= length;
        /* The symbolizer knows paths without the kernel's mark. Device and inode are not compared:
         * overlay file systems show other ones in maps; the build-id is checked at use. */
        size_t mark = deleted ? strlen(" (deleted)") : 0;
        if (json_array_append_new(paths, json_stringn(path, length - mark)) < 0) {
            close(fd);
            continue;
        }
        fds[n++] = fd;
    }
    become_self();
    return n;
}
