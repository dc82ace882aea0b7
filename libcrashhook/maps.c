/* SPDX-License-Identifier: MIT */
/*
 * Async-signal-safe. Newer kernels answer for one mapping at a time, which is faster, since only
 * one mapping of a file needs its path. Elsewhere the text as it is goes into the arena, and the
 * table's paths point into it.
 */
#include "libcrashhook/maps.h"

#include <fcntl.h>

#include "libcrashhook/procfs.h"
#include "libcrashhook/syscalls.h"
#include "libcrashhook/text.h"
#include "snapshot/fields.h"
#include "snapshot/procmap.h"

enum {
    MAX_MAPPINGS = 65536,
    LINE_MIN = 40,
    READ_SIZE = 64 * 1024,
    LOST_SIZE = 4096,
    NAME_SIZE = 4096,
    PROT_ALL = 15
};

/* 7f0c-7f0d r-xp 00001000 fd:00 1234    /path with spaces */
static bool parse_line(struct mapping *mapping, char *line, char *end) {
    uint64_t major = 0, minor = 0;
    const char *at = line;

    *mapping = (struct mapping){0};
    *end = '\0';
    if (!text_number(&at, 16, &mapping->start) || *at++ != '-' ||
        !text_number(&at, 16, &mapping->end) || *at++ != ' ' || end - at < 5)
        return false;
    mapping->prot = (uint8_t)((at[0] == 'r' ? SNAPSHOT_PROT_READ : 0) |
                              (at[1] == 'w' ? SNAPSHOT_PROT_WRITE : 0) |
                              (at[2] == 'x' ? SNAPSHOT_PROT_EXEC : 0) |
                              (at[3] == 's' ? SNAPSHOT_PROT_SHARED : 0));
    at += 5;
    if (!text_number(&at, 16, &mapping->offset) || *at++ != ' ' || !text_number(&at, 16, &major) ||
        *at++ != ':' || !text_number(&at, 16, &minor) || *at++ != ' ' ||
        !text_number(&at, 10, &mapping->inode))
        return false;
    while (at < end && *at == ' ')
        at++;
    mapping->major = (uint32_t)major;
    mapping->minor = (uint32_t)minor;
    if (at < end) {
        mapping->path_length = (uint16_t)(end - at);
        mapping->path = at;
    }
    return true;
}

/* What there is no room for is counted, and no more. */
static size_t count_lost(int fd) {
    char lost[LOST_SIZE];
    size_t lines = 0;
    long got;

    while ((got = sys(SYS_read, fd, lost, sizeof lost)) > 0) {
        for (long i = 0; i < got; i++)
            lines += lost[i] == '\n';
    }
    return lines;
}

static long read_text(int fd, char *text, size_t room, size_t *lost) {
    long got, length = 0;

    do {
        size_t left = room - (size_t)length;
        got = sys(SYS_read, fd, text + length, left < READ_SIZE ? left : READ_SIZE);
        length += got > 0 ? got : 0;
    } while (got > 0 && (size_t)length < room);
    *lost = got > 0 ? count_lost(fd) : 0;
    return length;
}

/* Names only where there is room for them. */
static bool query(int fd, uint64_t address, struct procmap_query *query,
                  const struct arena *names) {
    size_t room = names == NULL ? 0 : names->left < NAME_SIZE ? names->left : NAME_SIZE;

    *query = (struct procmap_query){
        .size = sizeof *query,
        .flags = PROCMAP_COVERING_OR_NEXT,
        .address = address,
        .name = room > 0 ? (uint64_t)names->at : 0,
        .name_size = (uint32_t)room,
    };
    return sys(SYS_ioctl, fd, PROCMAP_QUERY, query) == 0;
}

static bool same_file(const struct mapping *mapping, const struct procmap_query *answer) {
    return answer->inode != 0 && mapping->inode == answer->inode &&
           mapping->major == answer->major && mapping->minor == answer->minor;
}

/* False where the kernel does not know the call. The table grows at the front of the arena, the
 * names behind all the room that it may take. */
static bool query_all(struct maps *maps, struct arena *arena, int fd) {
    size_t room = arena->left / 2 / sizeof(struct mapping);
    struct procmap_query answer;
    struct mapping *last = NULL;
    struct arena names;

    if (room > MAX_MAPPINGS)
        room = MAX_MAPPINGS;
    if (room == 0 || !query(fd, 0, &answer, NULL))
        return false;
    maps->mappings = (struct mapping *)arena->at;
    names = (struct arena){.at = arena->at + room * sizeof(struct mapping),
                           .left = arena->left - room * sizeof(struct mapping)};
    /* Behind a mapping of a file mostly comes another of it. */
    for (uint64_t at = 0; query(fd, at, &answer, last != NULL && last->inode != 0 ? NULL : &names);
         at = answer.end) {
        struct mapping *mapping = &maps->mappings[maps->count];
        bool more_of_it = last != NULL && same_file(last, &answer);
        if (last != NULL && last->inode != 0 && !more_of_it)
            query(fd, answer.start, &answer, &names);
        /* A process that is out of mappings leaves little room: first of all for the modules, the
         * last of which come behind all others. */
        if (maps->count >= room ||
            (maps->count >= room / 2 && answer.inode == 0 && answer.name_size <= 1)) {
            maps->dropped++;
            continue;
        }
        *mapping = (struct mapping){
            .start = answer.start,
            .end = answer.end,
            .offset = answer.offset,
            .inode = answer.inode,
            .major = answer.major,
            .minor = answer.minor,
            .prot = (uint8_t)(answer.vma_flags & PROT_ALL),
        };
        if (more_of_it) {
            mapping->path = last->path;
            mapping->path_length = last->path_length;
        } else if (answer.name_size > 1) {
            mapping->path = (const char *)names.at;
            mapping->path_length = (uint16_t)(answer.name_size - 1);
            arena_take(&names, answer.name_size);
        }
        last = mapping;
        maps->count++;
    }
    *arena = names;
    return true;
}

static void read_all(struct maps *maps, struct arena *arena, int fd) {
    /* The table takes more room than the text that it is made from. */
    size_t room = arena->left * LINE_MIN / (LINE_MIN + sizeof(struct mapping)) / 2, lines = 0;
    char *text = (char *)arena->at, *line = text, *end;
    long length;

    length = read_text(fd, text, room, &maps->dropped);
    arena_take(arena, (size_t)length);
    for (long i = 0; i < length; i++)
        lines += text[i] == '\n';
    if (lines > MAX_MAPPINGS) {
        maps->dropped += lines - MAX_MAPPINGS;
        lines = MAX_MAPPINGS;
    }
    maps->mappings = arena_take(arena, lines * sizeof(struct mapping));
    if (maps->mappings == NULL)
        return;
    for (; lines > 0; lines--, line = end + 1) {
        for (end = line; *end != '\n'; end++)
            continue;
        if (parse_line(&maps->mappings[maps->count], line, end))
            maps->count++;
    }
}

int maps_read(struct maps *maps, struct arena *arena) {
    long fd = procfs_open("/proc/self/maps", 0);

    if (fd < 0)
        return (int)fd;
    if (!query_all(maps, arena, (int)fd))
        read_all(maps, arena, (int)fd);
    sys(SYS_close, fd);
    return 0;
}

const struct mapping *maps_find_from(const struct maps *maps, uint64_t address) {
    size_t low = 0, high = maps->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (maps->mappings[middle].end > address)
            high = middle;
        else
            low = middle + 1;
    }
    return low < maps->count ? &maps->mappings[low] : NULL;
}

const struct mapping *maps_find(const struct maps *maps, uint64_t address) {
    const struct mapping *mapping = maps_find_from(maps, address);

    return mapping != NULL && mapping->start <= address ? mapping : NULL;
}

bool maps_may_read(const struct mapping *mapping) {
    if ((mapping->prot & SNAPSHOT_PROT_READ) == 0)
        return false;
    return (mapping->prot & SNAPSHOT_PROT_SHARED) == 0 || mapping->path == NULL ||
           !text_begins(mapping->path, "/dev/") || text_begins(mapping->path, "/dev/shm/") ||
           text_begins(mapping->path, "/dev/zero");
}
