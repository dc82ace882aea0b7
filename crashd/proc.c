/* SPDX-License-Identifier: MIT */
#include "crashd/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"

int proc_open(pid_t pid) {
    char path[32];
    snprintf(path, sizeof path, "/proc/%d", (int)pid);
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

char *proc_text(int process, const char *name, size_t limit, size_t *size) {
    char *text = NULL;
    size_t length;
    if (io_read_virtual_file(process, name, limit, &text, &length) < 0)
        return NULL;
    if (size)
        *size = length;
    return text;
}

char *proc_link(int process, const char *name) {
    char target[PATH_MAX + 16];
    ssize_t n = readlinkat(process, name, target, sizeof target - 1);
    if (n < 0)
        return NULL;
    target[n] = '\0';
    return strdup(target);
}

static const char *status_line(const char *text, const char *name) {
    const char *line = strstr(text, name);
    return line ? line + strlen(name) : NULL;
}

int proc_status(int process, struct proc_status *ret) {
    BASE_CLEANUP(free)
    char *text = proc_text(process, "status", 1 << 16, NULL);
    if (!text)
        return -ESRCH;
    /* The process's name stands in the first line and cannot hold a newline here: it is escaped. */
    const char *parent = status_line(text, "\nPPid:"), *uid = status_line(text, "\nUid:"),
               *gid = status_line(text, "\nGid:"), *groups = status_line(text, "\nGroups:");
    if (!parent || !uid || !gid || sscanf(parent, "%d", &ret->parent) != 1 ||
        sscanf(uid, "%u%u%u%u", &ret->uids[0], &ret->uids[1], &ret->uids[2], &ret->uids[3]) != 4 ||
        sscanf(gid, "%u%u%u%u", &ret->gids[0], &ret->gids[1], &ret->gids[2], &ret->gids[3]) != 4)
        return -EBADMSG;
    ret->n_groups = 0;
    while (groups && ret->n_groups < PROC_GROUPS_MAX) {
        char *end;
        groups += strspn(groups, " \t");
        unsigned long group = strtoul(groups, &end, 10);
        if (end == groups || *groups == '\n')
            break;
        ret->groups[ret->n_groups++] = (gid_t)group;
        groups = end;
    }
    return 0;
}

int proc_stat(int process, struct proc_stat *ret) {
    BASE_CLEANUP(free)
    char *text = proc_text(process, "stat", 4096, NULL);
    /* A name may hold blanks and parentheses. */
    const char *p = text ? strrchr(text, ')') : NULL;
    if (!p)
        return -ESRCH;
    unsigned long long fields[29] = {0};
    const char *name = strchr(text, '(') + 1;
    size_t length = (size_t)(p - name);
    p += 2;
    for (int field = 3; field <= 28 && *p; field++) {
        fields[field] = strtoull(p, NULL, 10);
        p += strcspn(p, " ");
        p += *p == ' ';
    }
    *ret = (struct proc_stat){.parent = (pid_t)fields[4],
                              .start = fields[22],
                              .start_code = fields[26],
                              .end_code = fields[27],
                              .start_stack = fields[28]};
    memcpy(ret->name, name, length < sizeof ret->name ? length : sizeof ret->name - 1);
    return 0;
}

bool proc_auxiliary(int process, unsigned long type, unsigned long *ret) {
    size_t size = 0;
    BASE_CLEANUP(free)
    char *bytes = proc_text(process, "auxv", 8192, &size);
    for (size_t i = 0; bytes && i + 2 * sizeof type <= size; i += 2 * sizeof type) {
        unsigned long pair[2];
        memcpy(pair, bytes + i, sizeof pair);
        if (pair[0] == type) {
            *ret = pair[1];
            return true;
        }
    }
    return false;
}
