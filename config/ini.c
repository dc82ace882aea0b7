/* SPDX-License-Identifier: MIT */
#include "config/ini.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void config_error_set(struct config_error *error, const char *file, unsigned line, unsigned column,
                      const char *format, ...) {
    va_list arguments;
    int n = snprintf(error->text, sizeof error->text, "%.300s:%u:%u: ", file, line, column);
    va_start(arguments, format);
    if (n > 0 && (size_t)n < sizeof error->text)
        vsnprintf(error->text + n, sizeof error->text - (size_t)n, format, arguments);
    va_end(arguments);
}

static char *skip_blanks(char *p) {
    return p + strspn(p, " \t");
}

static void trim_end(char *start) {
    char *end = start + strlen(start);
    while (end > start && strchr(" \t\r", end[-1]))
        *--end = '\0';
}

/* Ends the line at p and joins the lines that continue it, in place; returns the next one. */
static char *take_line(char *p, unsigned *lines) {
    *lines = 1;
    char *end = strchr(p, '\n');
    while (end && end > p && end[-1] == '\\') {
        end[-1] = ' ';
        *end = ' ';
        end = strchr(end, '\n');
        ++*lines;
    }
    if (!end)
        return NULL;
    *end = '\0';
    return end + 1;
}

int ini_parse(const char *file, char *text, size_t size, ini_callback callback, void *context,
              struct config_error *error) {
    struct ini_item item = {.file = file};
    unsigned line = 1, lines;
    char *next;

    if (memchr(text, '\0', size)) {
        config_error_set(error, file, 1, 1, "a NUL byte: this is no text file");
        return -EINVAL;
    }
    for (char *start = text; start; start = next, line += lines) {
        next = take_line(start, &lines);
        char *p = skip_blanks(start);
        unsigned column = (unsigned)(p - start) + 1;
        trim_end(p);
        if (*p == '\0' || *p == '#' || *p == ';')
            continue;
        item.line = line;
        item.key_column = column;
        if (*p == '[') {
            char *close = strrchr(p, ']');
            if (!close || close[1] != '\0') {
                config_error_set(error, file, line, column + (unsigned)strlen(p),
                                 "\"]\" expected at the end of the section");
                return -EINVAL;
            }
            *close = '\0';
            item.section = p + 1;
            item.section_line = line;
            item.key = item.value = NULL;
        } else {
            char *equals = strchr(p, '=');
            if (!equals || equals == p) {
                config_error_set(error, file, line, column, "\"key = value\" expected");
                return -EINVAL;
            }
            if (!item.section) {
                config_error_set(error, file, line, column, "a key before the first [section]");
                return -EINVAL;
            }
            char *value = skip_blanks(equals + 1);
            item.value_column = (unsigned)(value - start) + 1;
            *equals = '\0';
            trim_end(p);
            item.key = p;
            item.value = value;
        }
        int r = callback(context, &item, error);
        if (r < 0)
            return r;
    }
    return 0;
}
