/* SPDX-License-Identifier: MIT */
#include "symbolizer/source.h"

#include <string.h>

enum { SOURCE_LIMIT = 4 << 20, LINE_LIMIT = 256, AROUND_LIMIT = 64 };

static bool newer(const struct timespec *a, const struct timespec *b) {
    return a->tv_sec != b->tv_sec ? a->tv_sec > b->tv_sec : a->tv_nsec > b->tv_nsec;
}

void source_free(struct frame_source *lines) {
    for (size_t i = 0; i < lines->n_lines; i++)
        free(lines->lines[i]); /* NOLINT(clang-analyzer-core.NullDereference): n_lines are there */
    free(lines->lines);
    *lines = (struct frame_source){0};
}

static char *read_text(int fd, size_t size) {
    char *text = malloc(size + 1);
    size_t done = 0;
    while (text && done < size) {
        ssize_t n = pread(fd, text + done, size - done, (off_t)done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        done += (size_t)n;
    }
    if (text)
        text[done] = '\0';
    return text;
}

void source_read(const struct file_source *source, const char *path, struct timespec binary,
                 unsigned line, unsigned around, struct frame_source *ret) {
    struct stat status;
    *ret = (struct frame_source){0};
    if (line == 0 || around == 0 || *path != '/')
        return;
    if (around > AROUND_LIMIT)
        around = AROUND_LIMIT;
    BASE_CLEANUP(close)
    int fd = file_source_open(source, path, &status);
    if (fd < 0 || status.st_size <= 0 || status.st_size > SOURCE_LIMIT ||
        newer(&status.st_mtim, &binary))
        return;
    BASE_CLEANUP(free)
    char *text = read_text(fd, (size_t)status.st_size);
    ret->lines = calloc(2 * (size_t)around + 1, sizeof(*ret->lines));
    if (!text || !ret->lines) {
        source_free(ret);
        return;
    }
    ret->first = line > around ? line - around : 1;
    unsigned number = 1;
    for (const char *at = text; *at && number - 1 < line + around; number++) {
        size_t length = strcspn(at, "\n");
        if (number >= ret->first) {
            size_t kept = length < LINE_LIMIT ? length : LINE_LIMIT;
            kept -= kept > 0 && at[kept - 1] == '\r';
            char *copy = strndup(at, kept);
            if (!copy)
                break;
            ret->lines[ret->n_lines++] = copy;
        }
        at += length + (at[length] == '\n');
    }
    if (number <= line)
        source_free(ret);
}
