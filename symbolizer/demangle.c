/* SPDX-License-Identifier: MIT */
#include "symbolizer/demangle.h"

#include <ctype.h>
#include <libiberty/demangle.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

/* A short name can stand for a text of exponential length. A long one may nest as deep as it is
 * long: libiberty's own limit would refuse every name of more than 1,024 characters, ours is what
 * a stack of 2 MiB bears. */
enum { SYMBOL_LIMIT = 8 << 10, TEXT_LIMIT = 64 << 10, D_TEXT_LIMIT = 64 << 20 };

enum { CPP_OPTIONS = DMGL_PARAMS | DMGL_ANSI | DMGL_NO_RECURSE_LIMIT };

struct text {
    char *bytes;
    size_t length, allocated;
    jmp_buf too_long;
};

/* libiberty calls this without holding memory of the heap, and offers no other way to stop it. */
static void collect(const char *part, size_t length, void *data) {
    struct text *text = data;
    if (text->length + length >= TEXT_LIMIT)
        longjmp(text->too_long, 1);
    if (text->length + length >= text->allocated) {
        size_t allocated = (text->length + length + 1) * 2;
        char *grown = realloc(text->bytes, allocated);
        if (!grown)
            longjmp(text->too_long, 1);
        text->bytes = grown;
        text->allocated = allocated;
    }
    memcpy(text->bytes + text->length, part, length);
    text->length += length;
    text->bytes[text->length] = '\0';
}

static char *demangle_with(int (*demangler)(const char *, int, demangle_callbackref, void *),
                           const char *symbol, int options) {
    struct text *text = calloc(1, sizeof(*text));
    if (!text)
        return NULL;
    volatile int done = 0;
    if (setjmp(text->too_long) == 0)
        done = demangler(symbol, options, collect, text);
    char *bytes = text->bytes;
    if (!done || !bytes) {
        free(bytes);
        bytes = NULL;
    }
    free(text);
    return bytes;
}

/* D's demangler hands out its result whole: each back reference may double it. */
static char *demangle_d(const char *symbol) {
    size_t longest = strlen(symbol);
    for (const char *p = symbol; *p && longest <= D_TEXT_LIMIT; p++)
        longest <<= *p == 'Q';
    char *text = longest <= D_TEXT_LIMIT ? dlang_demangle(symbol, DMGL_PARAMS | DMGL_ANSI) : NULL;
    if (text && strlen(text) >= TEXT_LIMIT) {
        free(text);
        text = NULL;
    }
    return text;
}

char *demangle_full(const char *symbol) {
    static const char PLT[] = "@plt";
    /* A version is no part of the mangling. */
    size_t length = strcspn(symbol, "@");
    if (symbol[0] != '_' || length > SYMBOL_LIMIT)
        return NULL;
    BASE_CLEANUP(free)
    char *plain = strndup(symbol, length);
    if (!plain)
        return NULL;
    if (text_starts_with(plain, "_D"))
        return demangle_d(plain);
    char *text = NULL;
    if (text_starts_with(plain, "_R") || text_starts_with(plain, "_ZN"))
        text = demangle_with(rust_demangle_callback, plain, DMGL_PARAMS | DMGL_ANSI);
    if (!text && text_starts_with(plain, "_Z"))
        text = demangle_with(cplus_demangle_v3_callback, plain, CPP_OPTIONS);
    /* What leads to a function is not the function. */
    if (!text || strcmp(symbol + length, PLT) != 0)
        return text;
    size_t end = strlen(text);
    char *longer = realloc(text, end + sizeof(PLT));
    if (!longer)
        return text;
    memcpy(longer + end, PLT, sizeof(PLT));
    return longer;
}

char *demangle_type(const char *name) {
    /* libstdc++ marks names that are compared by address with a star. */
    if (*name == '*')
        name++;
    char *text = NULL;
    if (strlen(name) <= SYMBOL_LIMIT)
        text = demangle_with(cplus_demangle_v3_callback, name, CPP_OPTIONS | DMGL_TYPES);
    return text ? text : strdup(name);
}
