/* SPDX-License-Identifier: MIT */
#include "report/varstext.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

enum { COLUMNS = 100, INDENT = 9, GAP = 3, CONTINUED = 4, VALUE_MAX = 1000 };

static void new_line(FILE *out, size_t *column, size_t indent) {
    if (*column)
        fputc('\n', out);
    fprintf(out, "%*s", (int)indent, "");
    *column = indent;
}

/* Bytes that fit into room, without cutting a character. */
static size_t fitting(const char *text, size_t length, size_t room) {
    if (length <= room)
        return length;
    while (room > 0 && ((unsigned char)text[room] & 0xc0) == 0x80)
        room--;
    return room;
}

/* A long one begins a line of its own and goes on where there is no better place to cut. */
static void print_one(FILE *out, const char *text, size_t *column) {
    size_t length = strlen(text);
    if (*column > INDENT && *column + GAP + length > COLUMNS) {
        new_line(out, column, INDENT);
    } else if (*column > INDENT) {
        fprintf(out, "%*s", GAP, "");
        *column += GAP;
    }
    while (*column + length > COLUMNS) {
        size_t part = fitting(text, length, COLUMNS - *column), blank = part;
        while (blank > part / 2 && text[blank] != ' ')
            blank--;
        bool found = text[blank] == ' ';
        if (found)
            part = blank;
        fwrite(text, 1, part, out);
        text += part + found;
        length -= part + found;
        new_line(out, column, INDENT + CONTINUED);
    }
    fputs(text, out);
    *column += length;
}

void varstext_print(FILE *out, const struct frame *frame) {
    size_t column = 0;
    for (size_t i = 0; i < frame->n_variables; i++) {
        const struct variable *variable = &frame->variables[i];
        BASE_CLEANUP(free)
        char *text = NULL;
        BASE_CLEANUP(free)
        char *value = text_clean(variable->value, VALUE_MAX);
        if (!value || asprintf(&text, "%s = %s", variable->name, value) < 0) {
            text = NULL;
            continue;
        }
        for (char *at = text; (at = strpbrk(at, "\n\t"));)
            *at = ' ';
        if (column == 0)
            new_line(out, &column, INDENT);
        print_one(out, text, &column);
    }
    if (column)
        fputc('\n', out);
}
