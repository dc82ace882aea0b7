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

/* A short name can stand for a text of exponential length. */
enum { SYMBOL_LIMIT = 16 << 10, TEXT_LIMIT = 64 << 10 };

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

char *demangle_full(const char *symbol) {
    /* A version is no part of the mangling. */
    size_t length = strcspn(symbol, "@");
    if (symbol[0] != '_' || length > SYMBOL_LIMIT)
        return NULL;
    BASE_CLEANUP(free)
    char *plain = strndup(symbol, length);
    if (!plain)
        return NULL;
    if (text_starts_with(plain, "_D"))
        return dlang_demangle(plain, DMGL_PARAMS | DMGL_ANSI);
    char *text = NULL;
    if (text_starts_with(plain, "_R") || text_starts_with(plain, "_ZN"))
        text = demangle_with(rust_demangle_callback, plain, DMGL_PARAMS | DMGL_ANSI);
    if (!text && text_starts_with(plain, "_Z"))
        text = demangle_with(cplus_demangle_v3_callback, plain, DMGL_PARAMS | DMGL_ANSI);
    return text;
}

char *demangle_type(const char *name) {
    /* libstdc++ marks names that are compared by address with a star. */
    if (*name == '*')
        name++;
    char *text = NULL;
    if (strlen(name) <= SYMBOL_LIMIT)
        text =
            demangle_with(cplus_demangle_v3_callback, name, DMGL_PARAMS | DMGL_ANSI | DMGL_TYPES);
    return text ? text : strdup(name);
}
