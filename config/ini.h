/* SPDX-License-Identifier: MIT */
/*
 * INI files as systemd writes them: [section], key = value, comments with '#' or ';' at the start
 * of a line, a '\' at the end of a line continues it. Values are taken literally.
 */
#ifndef CONFIG_INI_H
#define CONFIG_INI_H

#include <stddef.h>

/* A position and its cause, as one line for people: "file:line:column: cause". */
struct config_error {
    char text[768];
};

struct ini_item {
    const char *file;
    unsigned line, section_line;
    unsigned key_column, value_column;
    const char *section; /* between the brackets */
    const char *key;     /* NULL when a section begins */
    const char *value;
};

/* Returns 0, or negative errno after it has filled in error. */
typedef int (*ini_callback)(void *context, const struct ini_item *item, struct config_error *error);

/* text is modified and ends in NUL at text[size]. 0, or -EINVAL, or what the callback returned. */
int ini_parse(const char *file, char *text, size_t size, ini_callback callback, void *context,
              struct config_error *error);

void config_error_set(struct config_error *error, const char *file, unsigned line, unsigned column,
                      const char *format, ...) __attribute__((format(printf, 5, 6)));

#endif
