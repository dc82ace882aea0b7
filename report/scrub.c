/* SPDX-License-Identifier: MIT */
#include "report/scrub.h"

#include <ctype.h>
#include <errno.h>
#include <regex.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

/* "auth" and "pwd" alone would hide authors and working directories. */
#define SECRET_NAME                                                                                \
    "[A-Za-z0-9_.-]*(password|passwd|passphrase|[_-]pwd|secret|token|api[_-]?key|access[_-]?key|"  \
    "private[_-]?key|authorization|credentials?|cookie|session[_-]?id|sentry[_-]?dsn)"             \
    "[A-Za-z0-9_.-]*"
/* A value does not begin with '=' or ':': `token == 1` and `secret::get()` are code. */
#define VALUE "([\"'][^\"']*[\"']|[^]=:[:space:]\"',;&)}][^][:space:]\"',;&)}]*)"

#define NAME_HINTS                                                                                 \
    {                                                                                              \
        "pass", "pwd", "secret", "token", "key", "authorization", "credential", "cookie",          \
            "session", "dsn"                                                                       \
    }

/* The group is what is replaced. An expression costs microseconds a line and a report has thousands
 * of lines: it runs only where one of its hints occurs. */
static const struct {
    const char *expression;
    unsigned group;
    const char *hints[12];
} PATTERNS[] = {
    {"-----BEGIN [A-Z ]*PRIVATE KEY-----([^-]|-[^-])*(-----END [A-Z ]*PRIVATE KEY-----)?",
     0,
     {"PRIVATE KEY"}},
    {"[a-z][a-z0-9+.-]*://([^/@[:space:]\"']+)@", 1, {"://"}},
    {SECRET_NAME "[\"']?]?[[:space:]]*[=:][[:space:]]*((bearer|basic|token)[[:space:]]+)?" VALUE, 4,
     NAME_HINTS},
    {"--?" SECRET_NAME "[[:space:]]+([^[:space:]]+)", 2, NAME_HINTS},
    {"(^|[^A-Za-z])(bearer|basic)[[:space:]]+([A-Za-z0-9+/=._~-]{8,})", 3, {"bearer", "basic"}},
    {"(ghp|gho|ghs|ghr|github_pat|glpat|xox[abprs]|sk_live|rk_live|sk-ant|AKIA|ASIA|AIza|sntrys)"
     "[A-Za-z0-9_-]{12,}",
     0,
     {"gh", "glpat", "xox", "_live", "sk-ant", "akia", "asia", "aiza", "sntrys"}},
    {"eyJ[A-Za-z0-9_-]{8,}\\.[A-Za-z0-9_-]{8,}\\.[A-Za-z0-9_-]*", 0, {"eyJ"}},
};

enum { PATTERN_COUNT = sizeof PATTERNS / sizeof *PATTERNS, GROUPS = 5, REPLACED_MAX = 256 };

struct scrubber {
    regex_t patterns[PATTERN_COUNT];
};

int scrubber_new(struct scrubber **ret) {
    struct scrubber *scrubber = calloc(1, sizeof *scrubber);
    if (!scrubber)
        return -ENOMEM;
    for (int i = 0; i < PATTERN_COUNT; i++)
        if (regcomp(&scrubber->patterns[i], PATTERNS[i].expression, REG_EXTENDED | REG_ICASE)) {
            while (i-- > 0)
                regfree(&scrubber->patterns[i]);
            free(scrubber);
            return -ENOMEM;
        }
    *ret = scrubber;
    return 0;
}

struct scrubber *scrubber_free(struct scrubber *scrubber) {
    for (int i = 0; scrubber && i < PATTERN_COUNT; i++)
        regfree(&scrubber->patterns[i]);
    free(scrubber);
    return NULL;
}

bool scrub_is_secret_name(const char *name) {
    static const char *const words[] = {
        "password",   "passwd",     "passphrase", "secret",     "token",     "apikey",
        "api_key",    "api-key",    "access_key", "access-key", "accesskey", "private_key",
        "privatekey", "credential", "cookie",     "session_id", "sessionid", "authorization",
        "dsn",        "_auth",      "auth_",
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcasestr(name, words[i]))
            return true;
    /* PWD and OLDPWD are directories. */
    return strcasestr(name, "_pwd") || strcasecmp(name, "auth") == 0;
}

/* text[0, from) + mark + text[to, ...); frees text. */
static char *replace(char *text, size_t from, size_t to, const char *mark) {
    char *out;
    if (asprintf(&out, "%.*s%s%s", (int)from, text, mark, text + to) < 0)
        out = NULL;
    free(text);
    return out;
}

static char *apply(const regex_t *pattern, unsigned group, char *text) {
    size_t at = 0;
    for (int i = 0; text && i < REPLACED_MAX; i++) {
        regmatch_t match[GROUPS];
        if (regexec(pattern, text + at, GROUPS, match, at ? REG_NOTBOL : 0) != 0)
            break;
        size_t from = at + (size_t)match[group].rm_so, to = at + (size_t)match[group].rm_eo;
        if (match[group].rm_so < 0 || to <= from)
            break;
        if (strncmp(text + from, SCRUB_MARK, strlen(SCRUB_MARK)) == 0) {
            at = to;
            continue;
        }
        text = replace(text, from, to, SCRUB_MARK);
        at = from + strlen(SCRUB_MARK);
    }
    return text;
}

/* ISO/IEC 7812-1, annex B. */
static bool luhn(const char *digits, size_t n) {
    unsigned sum = 0;
    for (size_t i = 0; i < n; i++) {
        unsigned digit = (unsigned)(digits[n - 1 - i] - '0');
        if (i % 2 == 1)
            digit = digit * 2 > 9 ? digit * 2 - 9 : digit * 2;
        sum += digit;
    }
    return sum % 10 == 0;
}

/* 13 to 19 digits, in groups or not, that are no part of a longer number or of a hexadecimal one.
 */
static char *hide_cards(char *text, bool quoted_only) {
    size_t at = 0;
    bool quoted = false;
    while (text && text[at]) {
        if (quoted_only && text[at] == '\\' && text[at + 1]) {
            at += 2;
            continue;
        }
        quoted ^= text[at] == '"';
        if (quoted_only && !quoted) {
            at++;
            continue;
        }
        if (!isdigit((unsigned char)text[at]) ||
            (at > 0 && (isalnum((unsigned char)text[at - 1]) || text[at - 1] == '.'))) {
            at++;
            continue;
        }
        char digits[20];
        size_t n = 0, end = at, groups = 0;
        for (size_t i = at; n < sizeof digits; i++) {
            if (isdigit((unsigned char)text[i])) {
                digits[n++] = text[i];
                end = i + 1;
            } else if ((text[i] == ' ' || text[i] == '-') && isdigit((unsigned char)text[i + 1])) {
                groups++;
            } else {
                break;
            }
        }
        if (n >= 13 && n <= 19 && groups <= 4 && !isalnum((unsigned char)text[end]) &&
            luhn(digits, n)) {
            text = replace(text, at, end, SCRUB_MARK);
            at += strlen(SCRUB_MARK);
        } else {
            at = end;
        }
    }
    return text;
}

static bool has_hint(const char *text, const char *const *hints) {
    for (; *hints; hints++)
        if (strcasestr(text, *hints))
            return true;
    return false;
}

static char *hide_patterns(const struct scrubber *scrubber, const char *text) {
    char *out = strdup(text);
    for (int i = 0; out && i < PATTERN_COUNT; i++)
        if (has_hint(out, PATTERNS[i].hints))
            out = apply(&scrubber->patterns[i], PATTERNS[i].group, out);
    return out;
}

char *scrub_text(const struct scrubber *scrubber, const char *text) {
    return hide_cards(hide_patterns(scrubber, text), false);
}

char *scrub_value(const struct scrubber *scrubber, const char *text) {
    return hide_cards(hide_patterns(scrubber, text), true);
}

int scrub_keep(const struct scrubber *scrubber, const char *text, size_t limit, char **ret) {
    *ret = NULL;
    if (text_empty(text))
        return 0;
    BASE_CLEANUP(free)
    char *clean = text_clean(text, limit);
    if (!clean)
        return -ENOMEM;
    *ret = scrub_text(scrubber, clean);
    return *ret ? 0 : -ENOMEM;
}
