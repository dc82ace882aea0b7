/* SPDX-License-Identifier: MIT */
/* Small work on text. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

static inline bool text_empty(const char *text) {
    return !text || !*text;
}

bool text_starts_with(const char *text, const char *prefix);
bool text_ends_with(const char *text, const char *suffix);
/* Behind the last '/'. */
const char *text_basename(const char *path);
/* Valid UTF-8 without control characters other than tab and newline, at most limit bytes (cut
 * between characters, "..." at the end if cut); bad bytes become U+FFFD. malloc'ed, NULL if no
 * memory. */
char *text_clean(const char *text, size_t limit);

#endif
