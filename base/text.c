/* SPDX-License-Identifier: MIT */
#include "base/text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

bool text_starts_with(const char *text, const char *prefix) {
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool text_ends_with(const char *text, const char *suffix) {
    size_t n = strlen(text), m = strlen(suffix);
    return n >= m && memcmp(text + n - m, suffix, m) == 0;
}

const char *text_basename(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* Length of the well-formed UTF-8 sequence at p (RFC 3629: no overlong forms, no surrogates), 0 if
 * it is none. */
static size_t utf8_length(const unsigned char *p) {
    if (p[0] < 0x80)
        return 1;
    size_t n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    if (p[0] < 0xc2 || p[0] > 0xf4)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
        (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
        return 0;
    return n;
}

char *text_clean(const char *text, size_t limit) {
    const unsigned char *p = (const unsigned char *)text;
    /* A bad byte grows to the three of U+FFFD. */
    size_t room = strnlen(text, limit + 1) * 3 + 4, used = 0, with_dots = 0;
    char *out = malloc(room < limit + 4 ? room : limit + 4);
    if (!out)
        return NULL;
    while (*p) {
        size_t n = utf8_length(p);
        bool bad = n == 0 || (n == 1 && ((*p < 0x20 && *p != '\t' && *p != '\n') || *p == 0x7f));
        const void *from = bad ? (const void *)"\xef\xbf\xbd" : p;
        size_t length = bad ? 3 : n;
        if (used + length > limit) {
            size_t dots = limit < 3 ? limit : 3;
            memcpy(out + with_dots, "...", dots);
            used = with_dots + dots;
            break;
        }
        memcpy(out + used, from, length);
        used += length;
        if (used + 3 <= limit)
            with_dots = used;
        p += bad ? 1 : n;
    }
    out[used] = '\0';
    return out;
}
