/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "report/diagnose.h"

static const char RUNTIME_ERROR[] = ": runtime error: ";

/* UBSan's summary calls everything undefined-behavior; its own names of the kinds are in clang's
 * UndefinedBehaviorSanitizer manual. The words are those of its messages. */
static const char *kind_of_undefined(const char *message) {
    static const struct {
        const char *words, *kind;
    } kinds[] = {
        {"signed integer overflow", "signed-integer-overflow"},
        {"unsigned integer overflow", "unsigned-integer-overflow"},
        {"negation of", "signed-integer-overflow"},
        {"division by zero", "integer-divide-by-zero"},
        {"division of", "signed-integer-overflow"},
        {"shift exponent", "invalid-shift-exponent"},
        {"left shift", "invalid-shift-base"},
        {"null pointer passed as argument", "invalid-null-argument"},
        {"null pointer returned", "invalid-null-return"},
        {"null pointer", "null-pointer-use"},
        {"misaligned address", "misaligned-pointer-use"},
        {"misaligned pointer", "misaligned-pointer-use"},
        {"insufficient space", "insufficient-object-size"},
        {"out of bounds for type", "out-of-bounds-index"},
        {"unreachable program point", "unreachable-call"},
        {"end of a value-returning function", "missing-return"},
        {"variable length array", "non-positive-vla-index"},
        {"which is not a valid value for type 'bool'", "invalid-bool-load"},
        {"which is not a valid value", "invalid-enum-load"},
        {"is outside the range of representable values", "float-cast-overflow"},
        {"pointer index expression", "pointer-overflow"},
        {"applying non-zero offset", "pointer-overflow"},
        {"applying zero offset", "pointer-overflow"},
        {"does not point to an object of type", "dynamic-type-mismatch"},
        {"incorrect function type", "function-type-mismatch"},
        {"passing zero to", "invalid-builtin-use"},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strstr(message, kinds[i].words))
            return kinds[i].kind;
    return "undefined-behavior";
}

/* "==4107==ERROR: AddressSanitizer: heap-use-after-free on address ...": the pid is known, and the
 * name stands in the type. UBSan's own line begins with the place. */
static char *first_line(const char *text, const char *name) {
    size_t length = strcspn(text, "\n");
    const char *found = text_empty(name) ? NULL : strstr(text, name);
    if (found && found < text + length && found[strlen(name)] == ':') {
        found += strlen(name) + 1;
        found += strspn(found, " ");
        length -= (size_t)(found - text);
        text = found;
    }
    return strndup(text, length);
}

bool diagnose_sanitizer(const struct diagnose_input *input, struct report_diagnosis *ret) {
    const char *text = input->snapshot->sanitizer.text, *name = input->snapshot->sanitizer.name;
    const char *kind = input->snapshot->sanitizer.kind;
    if (!input->snapshot->sanitizer.present || text_empty(name))
        return false;
    char *line = first_line(text, name);
    const char *message = line ? strstr(line, RUNTIME_ERROR) : NULL;
    if (message)
        kind = kind_of_undefined(message);
    ret->kind = "sanitizer";
    diagnosis_say(&ret->type, "%s: %s", name, text_empty(kind) ? "error" : kind);
    if (text_empty(line)) {
        diagnosis_say(&ret->value, "the report of %s was not captured", name);
        free(line);
    } else {
        ret->value = line;
    }
    return true;
}
