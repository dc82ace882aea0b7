/* SPDX-License-Identifier: MIT */
#include "crashd/facts.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "crashd/ipc.h"
#include "crashd/proc.h"

enum { ENVIRON_MAX = 1 << 20, VALUE_MAX = 1024 };

/* Text of a foreign process is no UTF-8 by nature; a value that is empty stays away. */
static void set_text(json_t *facts, const char *name, const char *value) {
    if (text_empty(value))
        return;
    BASE_CLEANUP(free)
    char *clean = text_clean(value, 4096);
    if (clean)
        json_object_set_new(facts, name, json_string(clean));
}

static void undo_escapes(char *name) {
    char *out = name;
    for (const char *p = name; *p; out++) {
        unsigned value;
        if (p[0] == '\\' && p[1] == 'x' && sscanf(p + 2, "%2x", &value) == 1) {
            *out = (char)value;
            p += 4;
        } else {
            *out = *p++;
        }
    }
    *out = '\0';
}

/* The path of the unified hierarchy, or systemd's own of older systems. */
static char *cgroup_path(const char *cgroup) {
    const char *line = strstr(cgroup, "0::");
    if (line && (line == cgroup || line[-1] == '\n'))
        line += 3;
    else if ((line = strstr(cgroup, ":name=systemd:")))
        line += strlen(":name=systemd:");
    return line ? strndup(line, strcspn(line, "\n")) : NULL;
}

char *facts_unit(const char *cgroup) {
    BASE_CLEANUP(free)
    char *path = cgroup_path(cgroup);
    char *rest = path, *part, *unit = NULL;
    /* A delegated unit has groups of its own below: the last name with the right end counts. */
    while (rest && (part = strsep(&rest, "/")))
        if (text_ends_with(part, ".service") || text_ends_with(part, ".scope"))
            unit = part;
    if (!unit)
        return NULL;
    unit = strdup(unit);
    if (unit)
        undo_escapes(unit);
    return unit;
}

char *facts_container(const char *cgroup) {
    static const char digits[] = "0123456789abcdef";
    /* docker, podman, containerd and cri-o all put 64 hex digits into a group's name. */
    for (const char *p = cgroup; (p = strpbrk(p, digits)); p += strspn(p, digits))
        if (strspn(p, digits) == 64)
            return strndup(p, 64);
    const char *lxc = strstr(cgroup, "lxc.payload.");
    if (!lxc)
        return NULL;
    lxc += strlen("lxc.payload.");
    return strndup(lxc, strcspn(lxc, "/\n"));
}

static void add_environment(json_t *facts, int process) {
    static const struct {
        const char *variable, *fact;
    } wanted[] = {
        {"SENTRY_RELEASE=", "sentry_release"},
        {"SENTRY_ENVIRONMENT=", "sentry_environment"},
        {"SENTRY_DSN=", "sentry_dsn"},
    };
    size_t size = 0;
    BASE_CLEANUP(free)
    char *text = proc_text(process, "environ", ENVIRON_MAX, &size);
    for (char *p = text; text && p < text + size; p += strlen(p) + 1)
        for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
            if (text_starts_with(p, wanted[i].variable) && strlen(p) < VALUE_MAX)
                set_text(facts, wanted[i].fact, p + strlen(wanted[i].variable));
}

static void add_start_time(json_t *facts, uint64_t ticks) {
    struct timespec boot;
    long hertz = sysconf(_SC_CLK_TCK);
    if (clock_gettime(CLOCK_BOOTTIME, &boot) < 0 || hertz <= 0)
        return;
    uint64_t up = (uint64_t)boot.tv_sec * 1000000000u + (uint64_t)boot.tv_nsec;
    uint64_t after_boot = ticks / (uint64_t)hertz * 1000000000u +
                          ticks % (uint64_t)hertz * 1000000000u / (uint64_t)hertz;
    uint64_t started = clock_realtime() - up + after_boot;
    if (after_boot <= up)
        json_object_set_new(facts, "start_time", json_integer((json_int_t)started));
}

static bool has_other_root(int process) {
    struct stat theirs, ours;
    if (fstatat(process, "root", &theirs, 0) < 0 || stat("/", &ours) < 0)
        return false;
    return theirs.st_dev != ours.st_dev || theirs.st_ino != ours.st_ino;
}

static bool has_other_mounts(int process) {
    BASE_CLEANUP(free)
    char *theirs = proc_link(process, "ns/mnt");
    BASE_CLEANUP(free)
    char *ours = proc_link(AT_FDCWD, "/proc/self/ns/mnt");
    return theirs && ours && strcmp(theirs, ours) != 0;
}

/* Of a process that has shut itself in: its program was found where we find it. */
static bool came_from_outside(int process, const char *exe) {
    BASE_CLEANUP(free)
    char *root = proc_link(process, "root");
    size_t length = root ? strlen(root) : 0;
    return exe && length > 1 && (strncmp(exe, root, length) != 0 || exe[length] != '/');
}

/* Whether the process sees another file system than we do: paths mean other files there. */
static void add_roots(json_t *facts, int process, const char *exe) {
    bool root = has_other_root(process), mounts = has_other_mounts(process);
    if (root || mounts)
        json_object_set_new(facts, "foreign_root", json_true());
    if (root && (mounts || !came_from_outside(process, exe)))
        json_object_set_new(facts, "other_root", json_true());
}

static void add_process(json_t *facts, const struct peer *peer) {
    struct proc_stat stat = {0};
    unsigned long secure = 1;
    BASE_CLEANUP(free)
    char *exe = proc_link(peer->process, "exe");
    BASE_CLEANUP(free)
    char *cwd = proc_link(peer->process, "cwd");
    BASE_CLEANUP(free)
    char *cgroup = proc_text(peer->process, "cgroup", 1 << 16, NULL);
    BASE_CLEANUP(free)
    char *unit = cgroup ? facts_unit(cgroup) : NULL;
    BASE_CLEANUP(free)
    char *container = cgroup ? facts_container(cgroup) : NULL;

    /* The kernel's word for a program that was replaced while it ran; its name is what counts. */
    if (exe && text_ends_with(exe, " (deleted)")) {
        exe[strlen(exe) - strlen(" (deleted)")] = '\0';
        json_object_set_new(facts, "exe_deleted", json_true());
    }
    set_text(facts, "exe", exe);
    set_text(facts, "cwd", cwd);
    set_text(facts, "unit", unit);
    set_text(facts, "container", container);
    json_object_set_new(facts, "pid", json_integer(peer->pid));
    json_object_set_new(facts, "uid", json_integer(peer->status.uids[0]));
    json_object_set_new(facts, "gid", json_integer(peer->status.gids[0]));
    json_object_set_new(facts, "ppid", json_integer(peer->status.parent));
    if (proc_stat(peer->process, &stat) == 0) {
        set_text(facts, "comm", stat.name);
        add_start_time(facts, stat.start);
    }
    add_roots(facts, peer->process, exe);
    /* Raised privileges: its environment is its caller's word, and its report root's alone. */
    if (proc_auxiliary(peer->process, AT_SECURE, &secure) && !secure &&
        peer->status.uids[0] == peer->status.uids[1])
        add_environment(facts, peer->process);
    else
        json_object_set_new(facts, "secure", json_true());
}

json_t *facts_unknown(const char *event_id, uint32_t uid, uint32_t gid) {
    return json_pack("{ss sI sI sI sb}", "event_id", event_id, "time", (json_int_t)clock_realtime(),
                     "uid", (json_int_t)uid, "gid", (json_int_t)gid, "identified", 0);
}

json_t *facts_collect(const char *event_id, const struct peer *peer) {
    json_t *facts = facts_unknown(event_id, peer->uid, peer->gid);
    if (!facts || !peer->identified)
        return facts;
    add_process(facts, peer);
    json_object_set_new(facts, "identified", json_true());
    return facts;
}
