/* SPDX-License-Identifier: MIT */
/* Async-signal-safe: raw system calls. */
#include "libcrashhook/procfs.h"

#include <fcntl.h>

#include "libcrashhook/syscalls.h"
#include "libcrashhook/text.h"

long procfs_open(const char *path, int flags) {
    return sys(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | flags);
}

static long read_path(const char *path, char *buffer, size_t size) {
    long fd = procfs_open(path, 0), length = 0, got;

    if (fd < 0)
        return fd;
    while ((size_t)length < size - 1 &&
           (got = sys(SYS_read, fd, buffer + length, size - 1 - (size_t)length)) > 0)
        length += got;
    buffer[length] = '\0';
    sys(SYS_close, fd);
    return length;
}

static void join(char *path, size_t size, const char *directory, const char *name) {
    struct text text = text_in(path, size);

    text_add(&text, directory);
    text_add(&text, "/");
    text_add(&text, name);
}

long procfs_read(const char *directory, const char *name, char *buffer, size_t size) {
    char path[96];

    join(path, sizeof path, directory, name);
    return read_path(path, buffer, size);
}

long procfs_link(const char *directory, const char *name, char *buffer, size_t size) {
    char path[96];
    long length;

    join(path, sizeof path, directory, name);
    length = sys(SYS_readlinkat, AT_FDCWD, path, buffer, size - 1);
    if (length >= 0)
        buffer[length] = '\0';
    return length;
}

const char *procfs_behind_name(const char *stat) {
    const char *end = NULL;

    for (; *stat != '\0'; stat++) {
        if (*stat == ')')
            end = stat + 1;
    }
    return end;
}

void procfs_find(int pid, char path[PROCFS_PATH_SIZE]) {
    struct text text = text_in(path, PROCFS_PATH_SIZE);
    char buffer[512];
    const char *at = buffer;
    uint64_t number = 0;
    long own = sandbox_pid();

    text_add(&text, "/proc/");
    if (procfs_link("/proc", "self", buffer, sizeof buffer) > 0 && text_number(&at, 10, &number) &&
        number != (uint64_t)own && own != pid) {
        /* A /proc of another pid namespace: there our parent has another number. */
        if (procfs_read("/proc/self", "stat", buffer, sizeof buffer) > 0 &&
            (at = procfs_behind_name(buffer)) != NULL && text_length(at) > 3) {
            at += 3;
            if (text_number(&at, 10, &number)) {
                text_add_number(&text, number);
                return;
            }
        }
    }
    text_add_number(&text, (uint64_t)pid);
}

char procfs_task_state(const char *directory, int tid) {
    char name[48], buffer[256];
    struct text text = text_in(name, sizeof name);
    const char *at;

    text_add(&text, "task/");
    text_add_number(&text, (uint64_t)tid);
    text_add(&text, "/stat");
    if (procfs_read(directory, name, buffer, sizeof buffer) <= 0)
        return 0;
    at = procfs_behind_name(buffer);
    return at != NULL && *at == ' ' ? at[1] : 0;
}
