/* SPDX-License-Identifier: MIT */
#include "config/value.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

bool value_boolean(const char *text, bool *ret) {
    static const char *const words[] = {"no", "yes", "false", "true", "off", "on", "0", "1"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcasecmp(text, words[i]) == 0) {
            *ret = i % 2;
            return true;
        }
    return false;
}

/* Digits at *text, which moves behind them. */
static bool take_number(const char **text, uint64_t *ret) {
    char *end;
    if (!isdigit((unsigned char)**text))
        return false;
    errno = 0;
    unsigned long long number = strtoull(*text, &end, 10);
    if (errno)
        return false;
    *text = end;
    *ret = number;
    return true;
}

bool value_natural(const char *text, uint64_t *ret) {
    return take_number(&text, ret) && *text == '\0';
}

bool value_size(const char *text, uint64_t *ret) {
    static const char units[] = "KMGT";
    uint64_t number;
    if (!take_number(&text, &number))
        return false;
    if (*text) {
        const char *unit = strchr(units, toupper((unsigned char)*text));
        if (!unit || (text[1] && strcasecmp(text + 1, "B") != 0 && strcasecmp(text + 1, "iB") != 0))
            return false;
        unsigned shift = 10 * (unsigned)(unit - units + 1);
        if (number > UINT64_MAX >> shift)
            return false;
        number <<= shift;
    }
    *ret = number;
    return true;
}

bool value_duration(const char *text, uint64_t *ret) {
    static const struct {
        const char *name;
        uint64_t nanoseconds;
    } units[] = {
        {"ms", 1000000},           {"msec", 1000000},          {"s", 1000000000},
        {"sec", 1000000000},       {"second", 1000000000},     {"seconds", 1000000000},
        {"m", 60000000000},        {"min", 60000000000},       {"minute", 60000000000},
        {"minutes", 60000000000},  {"h", 3600000000000},       {"hr", 3600000000000},
        {"hour", 3600000000000},   {"hours", 3600000000000},   {"d", 86400000000000},
        {"day", 86400000000000},   {"days", 86400000000000},   {"w", 604800000000000},
        {"week", 604800000000000}, {"weeks", 604800000000000},
    };
    uint64_t total = 0;
    if (*text == '\0')
        return false;
    while (*text) {
        uint64_t number, unit = 1000000000;
        if (!take_number(&text, &number))
            return false;
        text += strspn(text, " ");
        size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyz");
        if (length > 0) {
            size_t i = 0, n = sizeof units / sizeof *units;
            while (i < n &&
                   (strlen(units[i].name) != length || strncmp(text, units[i].name, length) != 0))
                i++;
            if (i == n)
                return false;
            unit = units[i].nanoseconds;
        }
        text += length;
        text += strspn(text, " ");
        uint64_t part;
        if (__builtin_mul_overflow(number, unit, &part) ||
            __builtin_add_overflow(total, part, &total))
            return false;
    }
    *ret = total;
    return true;
}

bool value_http_url(const char *text, size_t length) {
    static const char *const schemes[] = {"http://", "https://"};
    for (size_t i = 0; i < 2; i++) {
        size_t scheme = strlen(schemes[i]);
        if (length > scheme && strncmp(text, schemes[i], scheme) == 0 && text[scheme] != '/')
            return true;
    }
    return false;
}

enum { NEAREST_LENGTH = 40 };

/* Levenshtein's distance of two words of at most NEAREST_LENGTH letters. */
static unsigned distance(const char *a, const char *b) {
    unsigned row[NEAREST_LENGTH + 1];
    size_t n = strlen(a), m = strlen(b);
    for (size_t j = 0; j <= m; j++)
        row[j] = (unsigned)j;
    for (size_t i = 1; i <= n; i++) {
        unsigned diagonal = row[0];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= m; j++) {
            unsigned best = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    return row[m];
}

const char *value_nearest(const char *text, const char *const *list) {
    const char *nearest = NULL;
    size_t length = strlen(text);
    if (length > NEAREST_LENGTH)
        return NULL;
    /* A third of the letters wrong is a typing error; more is another word. */
    unsigned best = (unsigned)length / 3 + 2;
    for (; *list; list++) {
        if (strlen(*list) > NEAREST_LENGTH)
            continue;
        unsigned d = distance(text, *list);
        if (d < best) {
            best = d;
            nearest = *list;
        }
    }
    return nearest;
}
