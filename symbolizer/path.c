/* SPDX-License-Identifier: MIT */
#include "symbolizer/path.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* Appends path's parts to out, which has room for all of them; returns the new length. */
static size_t append(char *out, size_t length, const char *path) {
    size_t floor = out[0] == '/';
    for (;;) {
        path += strspn(path, "/");
        size_t part = strcspn(path, "/");
        if (part == 0)
            return length;
        size_t last = length;
        while (last > floor && out[last - 1] != '/')
            last--;
        bool dot = part == 1 && path[0] == '.';
        bool up = part == 2 && memcmp(path, "..", 2) == 0;
        bool removable =
            length > floor && !(length - last == 2 && memcmp(out + last, "..", 2) == 0);
        if (up && removable) {
            length = last > floor ? last - 1 : floor;
        } else if (!dot && !(up && floor)) {
            if (length > floor)
                out[length++] = '/';
            memcpy(out + length, path, part);
            length += part;
        }
        path += part;
    }
}

char *path_normalize(const char *directory, const char *path) {
    /* A relative directory is one that the build replaced, maybe in path as well. */
    size_t length_of_directory = directory ? strlen(directory) : 0;
    if (*path == '/' ||
        (directory && *directory != '/' && strncmp(path, directory, length_of_directory) == 0))
        directory = NULL;
    char *out = calloc(1, (text_empty(directory) ? 0 : strlen(directory)) + strlen(path) + 3);
    if (!out)
        return NULL;
    const char *first = text_empty(directory) ? path : directory;
    size_t length = 0;
    if (*first == '/')
        out[length++] = '/';
    length = append(out, length, first);
    if (first != path)
        length = append(out, length, path);
    out[length] = '\0';
    return out;
}
