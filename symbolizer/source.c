/* SPDX-License-Identifier: MIT */
#include "symbolizer/source.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

enum { SOURCE_LIMIT = 16 << 20, LINE_LIMIT = 256, AROUND_LIMIT = 64, BUFFER = 64 << 10 };

static bool newer(const struct timespec *a, const struct timespec *b) {
    return a->tv_sec != b->tv_sec ? a->tv_sec > b->tv_sec : a->tv_nsec > b->tv_nsec;
}

void source_free(struct frame_source *lines) {
    for (size_t i = 0; i < lines->n_lines; i++)
        free(lines->lines[i]); /* NOLINT(clang-analyzer-core.NullDereference): n_lines are there */
    free(lines->lines);
    *lines = (struct frame_source){0};
}

/* What has been read of the line that reading is at; longer ones are cut. */
struct reader {
    unsigned number; /* of that line, from 1 on */
    unsigned last;   /* the last one wanted */
    char text[LINE_LIMIT + 1];
    size_t length;
    struct frame_source *lines;
};

static size_t whole_characters(const char *text, size_t length) {
    size_t end = length;
    while (end > 0 && length - end < 3 && ((unsigned char)text[end - 1] & 0xc0) == 0x80)
        end--;
    bool started = end > 0 && (unsigned char)text[end - 1] >= 0xc0;
    return started ? end - 1 : length;
}

static bool end_line(struct reader *reader) {
    if (reader->number >= reader->lines->first) {
        size_t length = reader->length;
        if (length > LINE_LIMIT)
            length = whole_characters(reader->text, LINE_LIMIT);
        length -= length > 0 && reader->text[length - 1] == '\r';
        char *copy = strndup(reader->text, length);
        if (!copy)
            return false;
        reader->lines->lines[reader->lines->n_lines++] = copy;
    }
    reader->number++;
    reader->length = 0;
    return reader->number <= reader->last;
}

/* False at the end of what is wanted, or if this is no text. */
static bool take(struct reader *reader, const char *buffer, size_t size) {
    if (memchr(buffer, '\0', size)) {
        source_free(reader->lines);
        return false;
    }
    for (const char *at = buffer, *end = buffer + size; at < end;) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        size_t length = (size_t)((newline ? newline : end) - at);
        size_t room =
            LINE_LIMIT + 1 - (reader->length > LINE_LIMIT ? LINE_LIMIT + 1 : reader->length);
        size_t kept = length < room ? length : room;
        if (reader->number >= reader->lines->first && kept > 0) {
            memcpy(reader->text + reader->length, at, kept);
            reader->length += kept;
        }
        if (newline && !end_line(reader))
            return false;
        at += length + (newline != NULL);
    }
    return true;
}

static void read_lines(struct source_finder *finder, int fd, struct reader *reader) {
    BASE_CLEANUP(free)
    char *buffer = malloc(BUFFER);
    bool more = buffer != NULL;
    while (more && finder->bytes > 0) {
        ssize_t n = read(fd, buffer, finder->bytes < BUFFER ? finder->bytes : BUFFER);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        finder->bytes -= (size_t)n;
        more = take(reader, buffer, (size_t)n);
    }
    /* A last line without an end. */
    if (more && reader->length > 0)
        end_line(reader);
}

void source_read(struct source_finder *finder, const struct source_position *position,
                 unsigned around, struct frame_source *ret, char **found) {
    struct stat status;
    *ret = (struct frame_source){0};
    *found = NULL;
    if (position->line == 0 || position->line > INT32_MAX || around == 0 || finder->bytes == 0)
        return;
    if (around > AROUND_LIMIT)
        around = AROUND_LIMIT;
    BASE_CLEANUP(close)
    int fd = source_find(finder, position->path, position->module, &status, found);
    if (fd < 0 || status.st_size <= 0 || status.st_size > SOURCE_LIMIT)
        return;
    ret->newer = newer(&status.st_mtim, &position->binary);
    if (ret->newer)
        return;
    ret->lines = calloc(2 * (size_t)around + 1, sizeof(*ret->lines));
    if (!ret->lines)
        return;
    ret->first = position->line > around ? position->line - around : 1;
    struct reader reader = {.number = 1, .last = position->line + around, .lines = ret};
    read_lines(finder, fd, &reader);
    if (reader.number <= position->line)
        source_free(ret);
}
