/* SPDX-License-Identifier: MIT */
/* Async-signal-safe: raw system calls. */
#include "libcrashhook/tasks.h"

#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>

#include "libcrashhook/procfs.h"
#include "libcrashhook/syscalls.h"
#include "libcrashhook/text.h"

/* Numbers that are tried where there is no /proc: about a tenth of a microsecond for each. */
enum { TRIED_MAX = 64 * 1024 };

static void join(char *path, size_t size, const char *proc) {
    struct text text = text_in(path, size);

    text_add(&text, proc);
    text_add(&text, "/task");
}

static bool list_directory(const char *proc, void (*take)(void *context, int tid), void *context) {
    struct {
        uint64_t inode;
        int64_t offset;
        uint16_t length;
        uint8_t type;
        char name[];
    } * entry;
    _Alignas(8) char buffer[8192];
    char path[64];
    long directory, size;
    bool found = false;

    join(path, sizeof path, proc);
    directory = procfs_open(path, O_DIRECTORY);
    if (directory < 0)
        return false;
    while ((size = sys(SYS_getdents64, directory, buffer, sizeof buffer)) > 0) {
        for (long at = 0; at < size; at += entry->length) {
            const char *name;
            uint64_t tid;
            entry = (void *)(buffer + at);
            name = entry->name;
            if (!text_number(&name, 10, &tid))
                continue;
            found = true;
            take(context, (int)tid);
        }
    }
    sys(SYS_close, directory);
    return found;
}

static void try(int pid, int from, int to, void (*take)(void *context, int tid), void *context) {
    for (int tid = from; tid <= to; tid++) {
        if (sys(SYS_tgkill, pid, tid, 0) == 0)
            take(context, tid);
    }
}

static bool is_number_of(const char *proc, int pid) {
    const char *number = proc;
    uint64_t value;

    for (const char *at = proc; *at != '\0'; at++) {
        if (*at == '/')
            number = at + 1;
    }
    return text_number(&number, 10, &value) && value == (uint64_t)pid;
}

void tasks_list(const char *proc, int pid, int newest, void (*take)(void *context, int tid),
                void *context) {
    /* Another pid namespace's /proc has other numbers. */
    if (is_number_of(proc, pid) && list_directory(proc, take, context))
        return;
    /* The kernel gives numbers in order, and begins anew when it has given the last. */
    if (newest > pid && newest - pid <= TRIED_MAX) {
        try(pid, pid, newest, take, context);
        return;
    }
    try(pid, pid, pid + TRIED_MAX / 2, take, context);
    if (newest != pid)
        try(pid, newest > TRIED_MAX / 2 ? newest - TRIED_MAX / 2 : 1, newest, take, context);
}

unsigned tasks_count(const char *proc) {
    struct stat status;
    char path[64];

    join(path, sizeof path, proc);
    if (sys(SYS_newfstatat, AT_FDCWD, path, &status, 0) < 0 || status.st_nlink < 3)
        return 0;
    return (unsigned)status.st_nlink - 2;
}
