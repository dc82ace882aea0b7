/* SPDX-License-Identifier: MIT */
/* Demangled text -> the name that stays the same from build to build. */
#include "symbolizer/demangle.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

enum { NAME_LIMIT = 64 << 10, NESTING_LIMIT = 8 };

static const char PLT_SUFFIX[] = "@plt";

struct cleaner {
    const char *at, *end;
    char *out; /* room for twice the input */
    size_t length;
    unsigned nesting;
};

static bool word_character(char c) {
    return isalnum((unsigned char)c) || c == '_' || c == '$' || (c & 0x80);
}

static bool ahead(const struct cleaner *c, const char *text) {
    size_t length = strlen(text);
    return (size_t)(c->end - c->at) >= length && memcmp(c->at, text, length) == 0;
}

static bool skip_text(struct cleaner *c, const char *text) {
    if (!ahead(c, text))
        return false;
    c->at += strlen(text);
    return true;
}

static void put(struct cleaner *c, const char *text, size_t length) {
    memcpy(c->out + c->length, text, length);
    c->length += length;
}

static void put_text(struct cleaner *c, const char *text) {
    put(c, text, strlen(text));
}

/* In front of a part of the qualified name, not in the middle of a word. */
static bool at_part_start(const struct cleaner *c) {
    return c->length == 0 || (c->length >= 2 && memcmp(c->out + c->length - 2, "::", 2) == 0);
}

/* The symbol of an operator at text, or NULL. Longer ones first. */
static const char *operator_symbol(const char *text, size_t length) {
    static const char *const SYMBOLS[] = {
        "<=>", "<<=", ">>=", "->*", "()", "[]", "<<", ">>", "<=", ">=", "==", "!=", "&&",
        "||",  "++",  "--",  "+=",  "-=", "*=", "/=", "%=", "^=", "&=", "|=", "->", "+",
        "-",   "*",   "/",   "%",   "^",  "&",  "|",  "~",  "!",  "=",  "<",  ">",  ",",
    };
    for (size_t i = 0; i < sizeof(SYMBOLS) / sizeof(*SYMBOLS); i++) {
        size_t n = strlen(SYMBOLS[i]);
        if (n <= length && memcmp(text, SYMBOLS[i], n) == 0)
            return SYMBOLS[i];
    }
    return NULL;
}

/* Behind the bracket that closes the one at text, or NULL. Between parentheses "<" may be
 * less-than, so only brackets of the same kind count; between "<" and ">" the others are skipped
 * whole. */
static const char *skip_group(const char *text, const char *end) {
    char open = *text, close = open == '(' ? ')' : open == '{' ? '}' : open == '[' ? ']' : '>';
    size_t depth = 0;
    for (const char *p = text; p < end; p++) {
        if (*p == open) {
            depth++;
        } else if (*p == close) {
            if (--depth == 0)
                return p + 1;
        } else if (open == '<' && (*p == '(' || *p == '{' || *p == '[')) {
            size_t inner = 0;
            char inner_close = *p == '(' ? ')' : *p == '{' ? '}' : ']';
            char inner_open = *p;
            for (; p < end; p++) {
                inner += *p == inner_open;
                inner -= *p == inner_close;
                if (inner == 0)
                    break;
            }
            if (p == end)
                return NULL;
        } else if (open == '<' && *p == '-' && p + 1 < end && p[1] == '>') {
            p++;
        } else if (open == '<' && *p == 'o' && end - p > 8 && memcmp(p, "operator", 8) == 0 &&
                   !word_character(p[-1]) && !word_character(p[8])) {
            const char *symbol = operator_symbol(p + 8, (size_t)(end - p - 8));
            p += 7 + (symbol ? strlen(symbol) : 0);
        }
    }
    return NULL;
}

static bool clean_range(struct cleaner *c);

/* Rust's <Type as Trait> at the front: both names stay, their arguments do not. */
static bool clean_self_type(struct cleaner *c, const char *close) {
    struct cleaner inner = {.at = c->at + 1,
                            .end = close - 1,
                            .out = c->out,
                            .length = c->length,
                            .nesting = c->nesting + 1};
    if (inner.nesting > NESTING_LIMIT)
        return false;
    inner.out[inner.length++] = '<';
    while (inner.at < inner.end) {
        const char *group = *inner.at == '<' ? skip_group(inner.at, inner.end) : NULL;
        if (group) {
            bool at_front = inner.at == c->at + 1;
            if (at_front && clean_self_type(&inner, group))
                continue;
            put_text(&inner, "<T>");
            inner.at = group;
        } else {
            put(&inner, inner.at++, 1);
        }
    }
    inner.out[inner.length++] = '>';
    c->length = inner.length;
    c->at = close;
    return true;
}

/* Arguments of a template, a lambda as gcc's debug information names it, or Rust's self type. */
static bool clean_angle(struct cleaner *c) {
    const char *close = skip_group(c->at, c->end);
    if (!close)
        return false;
    if (at_part_start(c) && (ahead(c, "<lambda") || ahead(c, "<unnamed"))) {
        put_text(c, ahead(c, "<lambda") ? "lambda" : "unnamed");
        c->at = close;
        if (ahead(c, "::operator()"))
            c->at += strlen("::operator()");
        return true;
    }
    if (c->length == 0)
        return clean_self_type(c, close);
    /* Rust's turbofish: path::<T>::function. */
    put_text(c, "<T>");
    c->at = close;
    return true;
}

static bool clean_brace(struct cleaner *c) {
    const char *close = skip_group(c->at, c->end);
    if (!close)
        return false;
    if (ahead(c, "{lambda")) {
        put_text(c, "lambda");
        c->at = close;
        skip_text(c, "::operator()");
        return true;
    }
    if (ahead(c, "{{closure") || ahead(c, "{closure"))
        put_text(c, "{{closure}}");
    else if (ahead(c, "{unnamed"))
        put_text(c, "unnamed");
    else
        put(c, c->at, strcspn(c->at, "#}:")), put_text(c, ahead(c, "{{") ? "}}" : "}");
    c->at = close;
    return true;
}

/* "operator" and what it is the operator of; the arguments that follow are left to the caller. */
static bool clean_operator(struct cleaner *c) {
    skip_text(c, "operator");
    put_text(c, "operator");
    const char *symbol = operator_symbol(c->at, (size_t)(c->end - c->at));
    if (symbol) {
        put_text(c, symbol);
        c->at += strlen(symbol);
        /* "operator<<T>" would read as another operator. */
        if (ahead(c, " <"))
            put(c, c->at++, 1);
        else if (ahead(c, " ("))
            c->at++;
        return true;
    }
    if (ahead(c, "\"\"")) {
        const char *from = c->at;
        while (c->at < c->end && *c->at != '(' && *c->at != '<')
            c->at++;
        put(c, from, (size_t)(c->at - from));
        return true;
    }
    /* new, delete, co_await, or the type of a conversion. */
    while (c->at < c->end) {
        if (*c->at == '<') {
            const char *close = skip_group(c->at, c->end);
            if (!close)
                return false;
            put_text(c, "<T>");
            c->at = close;
        } else if (*c->at == '(') {
            const char *close = skip_group(c->at, c->end);
            if (!close)
                return false;
            if (!ahead(c, "(*") && !ahead(c, "(&") && !ahead(c, "(anonymous namespace)"))
                return true;
            put(c, c->at, (size_t)(close - c->at));
            c->at = close;
            /* The parameters of a pointed-to function. */
            if (c->at < c->end && *c->at == '(' && (close = skip_group(c->at, c->end))) {
                put(c, c->at, (size_t)(close - c->at));
                c->at = close;
            }
        } else {
            put(c, c->at++, 1);
        }
    }
    return true;
}

static bool skip_qualifiers(struct cleaner *c) {
    static const char *const QUALIFIERS[] = {" const", " volatile", " noexcept", " &&",
                                             " &",     "&&",        "&"};
    bool any = false;
    for (size_t i = 0; i < sizeof(QUALIFIERS) / sizeof(*QUALIFIERS);) {
        if (skip_text(c, QUALIFIERS[i])) {
            any = true;
            i = 0;
        } else {
            i++;
        }
    }
    return any;
}

/* Parameters, or the declarator of a function that returns a pointer: type (*name(...))(...). */
static bool clean_parenthesis(struct cleaner *c, bool after_space) {
    static const char ANONYMOUS[] = "(anonymous namespace)";
    const char *close = skip_group(c->at, c->end);
    if (!close)
        return false;
    if (ahead(c, ANONYMOUS)) {
        put_text(c, ANONYMOUS);
        c->at = close;
        return true;
    }
    /* Go: package.(*Type).Method */
    if (c->length > 0 && c->out[c->length - 1] == '.') {
        put(c, c->at, (size_t)(close - c->at));
        c->at = close;
        return true;
    }
    if (after_space) {
        const char *star = c->at + 1;
        while (star < close && (word_character(*star) || *star == ':'))
            star++;
        if (star < close && (*star == '*' || *star == '&')) {
            while (star < close && (*star == '*' || *star == '&' || *star == ' '))
                star++;
            c->at = star;
            c->end = close - 1;
            c->length = 0;
            return c->nesting++ < NESTING_LIMIT && clean_range(c);
        }
    }
    if (c->length == 0)
        return false;
    c->at = close;
    skip_qualifiers(c);
    /* D separates by dots. */
    if (!ahead(c, "::") && !ahead(c, "."))
        c->at = c->end;
    return true;
}

/* D's template arguments. */
static bool clean_instance(struct cleaner *c) {
    const char *close = skip_group(c->at + 1, c->end);
    if (!close)
        return false;
    put_text(c, "!(T)");
    c->at = close;
    return true;
}

static bool clean_range(struct cleaner *c) {
    bool after_space = false;
    while (c->at < c->end) {
        bool ok = true;
        bool space = false;
        switch (*c->at) {
        case ' ':
            /* What stood in front was a return type. */
            c->at++;
            c->length = 0;
            space = true;
            break;
        case '<':
            ok = clean_angle(c);
            break;
        case '{':
            ok = clean_brace(c);
            break;
        case '[': {
            /* [abi:cxx11], a crate's hash */
            const char *close = skip_group(c->at, c->end);
            ok = close;
            c->at = close;
            break;
        }
        case '(':
            if (c->length == 8 && memcmp(c->out, "decltype", 8) == 0) {
                const char *close = skip_group(c->at, c->end);
                ok = close;
                c->at = close;
            } else {
                ok = clean_parenthesis(c, after_space);
            }
            break;
        default: {
            if (ahead(c, "!(")) {
                ok = clean_instance(c);
                break;
            }
            if (ahead(c, "decltype (")) {
                const char *close = skip_group(c->at + strlen("decltype "), c->end);
                ok = close;
                c->at = close;
                break;
            }
            const char *from = c->at;
            while (c->at < c->end && word_character(*c->at))
                c->at++;
            if (c->at == from) {
                put(c, c->at++, 1);
                break;
            }
            bool is_operator = c->at - from == 8 && memcmp(from, "operator", 8) == 0 &&
                               (c->length == 0 || !word_character(c->out[c->length - 1]));
            if (*from == '$' && from[1] == '_' && at_part_start(c)) {
                /* The class that clang makes of a lambda. */
                put_text(c, "lambda");
                skip_text(c, "::operator()");
            } else if (is_operator && c->at < c->end) {
                c->at = from;
                ok = clean_operator(c);
            } else {
                put(c, from, (size_t)(c->at - from));
            }
        }
        }
        if (!ok)
            return false;
        after_space = space;
    }
    return c->length > 0;
}

/* Length without one suffix that a compiler gave to a copy or a part of a function. */
static size_t without_clone(const char *name, size_t length) {
    static const char *const NUMBERED[] = {
        ".isra",  ".constprop",  ".part",        ".lto_priv", ".cold",     ".llvm",
        ".clone", ".localalias", ".local_alias", ".ipa_icf",  "._omp_fn",  ".omp_outlined",
        ".avx",   ".avx2",       ".avx512f",     ".default",  ".resolver", ".__uniq",
        ".actor", ".destroy",    ".resume",      ".cleanup",
    };
    size_t end = length;
    size_t digits = end;
    while (digits > 0 && isdigit((unsigned char)name[digits - 1]))
        digits--;
    if (digits < end && digits > 0 && name[digits - 1] == '.') {
        end = digits - 1;
        /* gcc's nested functions; Go and D have dots in front of it. */
        if (end > 0 && !memchr(name, '.', end) && !memchr(name, ':', end))
            return end;
    }
    for (size_t i = 0; i < sizeof(NUMBERED) / sizeof(*NUMBERED); i++) {
        size_t n = strlen(NUMBERED[i]);
        if (end > n && memcmp(name + end - n, NUMBERED[i], n) == 0)
            return end - n;
    }
    return length;
}

static size_t without_rust_hash(const char *name, size_t length) {
    enum { HASH = 19 }; /* "::h" and 16 digits */
    if (length <= HASH || memcmp(name + length - HASH, "::h", 3) != 0)
        return length;
    for (size_t i = length - 16; i < length; i++)
        if (!isxdigit((unsigned char)name[i]))
            return length;
    return length - HASH;
}

static size_t without_suffixes(const char *name, size_t length) {
    const char *clone = memmem(name, length, " [clone ", 8);
    if (clone)
        length = (size_t)(clone - name);
    for (const char *p = name; p < name + length; p++) {
        if (*p == '@' && p > name && (word_character(p[-1]) || p[-1] == ')')) {
            length = (size_t)(p - name);
            break;
        }
    }
    for (size_t before = length + 1; before != length;) {
        before = length;
        length = without_clone(name, length);
    }
    return without_rust_hash(name, length);
}

static char *with_plt(char *name) {
    size_t length = name ? strlen(name) : 0;
    char *longer = name ? realloc(name, length + sizeof PLT_SUFFIX) : NULL;
    if (longer)
        memcpy(longer + length, PLT_SUFFIX, sizeof PLT_SUFFIX);
    else
        free(name);
    return longer;
}

char *demangle_clean(const char *name) {
    static const char *const PREFIXES[] = {
        "non-virtual thunk to ",        "virtual thunk to ",
        "covariant return thunk to ",   "transaction clone for ",
        "non-transaction clone for ",   "global constructors keyed to ",
        "global destructors keyed to ",
    };
    size_t length = strlen(name);
    if (length > NAME_LIMIT)
        return strndup(name, NAME_LIMIT);
    /* Objective-C's methods have nothing to be taken away. */
    if (strncmp(name, "-[", 2) == 0 || strncmp(name, "+[", 2) == 0)
        return strdup(name);
    bool plt = text_ends_with(name, PLT_SUFFIX);
    for (size_t i = 0; i < sizeof(PREFIXES) / sizeof(*PREFIXES); i++) {
        size_t n = strlen(PREFIXES[i]);
        if (strncmp(name, PREFIXES[i], n) == 0) {
            name += n;
            length -= n;
            break;
        }
    }
    length = without_suffixes(name, length);
    BASE_CLEANUP(free)
    char *out = malloc(2 * length + 32);
    if (!out)
        return NULL;
    struct cleaner cleaner = {.at = name, .end = name + length, .out = out};
    /* A text of another shape is better whole than wrong. */
    if (!clean_range(&cleaner))
        return strndup(name, length);
    out[cleaner.length] = '\0';
    return plt ? with_plt(TAKE_POINTER(out)) : TAKE_POINTER(out);
}
