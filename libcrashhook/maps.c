/* SPDX-License-Identifier: MIT */
/* Async-signal-safe: one pass over the file, tables in the arena. */
#include "libcrashhook/maps.h"

#include <fcntl.h>

#include "libcrashhook/procfs.h"
#include "libcrashhook/syscalls.h"
#include "libcrashhook/text.h"
#include "snapshot/fields.h"

enum { MAX_MAPPINGS = 65536, BUFFER_SIZE = 8192 };

struct parser {
    struct maps *maps;
    size_t room;
    struct arena paths;
};

/* Mappings of one file mostly stand in a row; the vdso and the like are short. */
static const char *keep_path(struct parser *parser, const char *path, size_t length) {
    const struct maps *maps = parser->maps;
    char *kept;

    if (maps->count > 0) {
        const struct mapping *last = &maps->mappings[maps->count - 1];
        if (last->path != NULL && last->path_length == length &&
            text_same_bytes(last->path, path, length))
            return last->path;
    }
    kept = arena_take(&parser->paths, length + 1);
    if (kept != NULL) {
        text_copy(kept, path, length);
        kept[length] = '\0';
    }
    return kept;
}

/* 7f0c-7f0d r-xp 00001000 fd:00 1234    /path with spaces */
static void parse_line(struct parser *parser, const char *line, size_t length) {
    struct maps *maps = parser->maps;
    struct mapping mapping = {0};
    const char *at = line, *end = line + length;
    uint64_t major = 0, minor = 0;

    if (maps->count >= parser->room) {
        maps->dropped++;
        return;
    }
    if (!text_number(&at, 16, &mapping.start) || *at++ != '-' ||
        !text_number(&at, 16, &mapping.end) || *at++ != ' ' || end - at < 5)
        return;
    mapping.prot = (uint8_t)((at[0] == 'r' ? SNAPSHOT_PROT_READ : 0) |
                             (at[1] == 'w' ? SNAPSHOT_PROT_WRITE : 0) |
                             (at[2] == 'x' ? SNAPSHOT_PROT_EXEC : 0) |
                             (at[3] == 's' ? SNAPSHOT_PROT_SHARED : 0));
    at += 5;
    if (!text_number(&at, 16, &mapping.offset) || *at++ != ' ' || !text_number(&at, 16, &major) ||
        *at++ != ':' || !text_number(&at, 16, &minor) || *at++ != ' ' ||
        !text_number(&at, 10, &mapping.inode))
        return;
    while (at < end && *at == ' ')
        at++;
    mapping.major = (uint32_t)major;
    mapping.minor = (uint32_t)minor;
    if (at < end) {
        mapping.path_length = (uint16_t)(end - at);
        mapping.path = keep_path(parser, at, mapping.path_length);
    }
    maps->mappings[maps->count++] = mapping;
}

int maps_read(struct maps *maps, struct arena *arena) {
    struct parser parser = {.maps = maps};
    char buffer[BUFFER_SIZE + 1];
    size_t filled = 0, room = arena->left / 3 / sizeof(struct mapping), paths = arena->left / 6;
    long fd, got;

    parser.room = room < MAX_MAPPINGS ? room : MAX_MAPPINGS;
    maps->mappings = arena_take(arena, parser.room * sizeof(struct mapping));
    parser.paths = (struct arena){.at = arena_take(arena, paths), .left = paths};
    if (maps->mappings == NULL || parser.paths.at == NULL) {
        maps->mappings = NULL;
        return 0;
    }
    fd = procfs_open("/proc/self/maps", 0);
    if (fd < 0)
        return (int)fd;
    while ((got = sys(SYS_read, fd, buffer + filled, BUFFER_SIZE - filled)) > 0) {
        size_t start = 0;
        filled += (size_t)got;
        for (size_t i = filled - (size_t)got; i < filled; i++) {
            if (buffer[i] != '\n')
                continue;
            buffer[i] = '\0';
            parse_line(&parser, buffer + start, i - start);
            start = i + 1;
        }
        /* A line longer than the buffer has a path longer than PATH_MAX: not one of ours. */
        if (start == 0 && filled == BUFFER_SIZE)
            start = filled;
        for (size_t i = start; i < filled; i++)
            buffer[i - start] = buffer[i];
        filled -= start;
    }
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
