/* SPDX-License-Identifier: MIT */
#include <signal.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "report/diagnose.h"
#include "symbolizer/demangle.h"

static bool stack_has(const struct stack *stack, const char *function) {
    for (size_t i = 0; i < stack->n_frames; i++)
        if (stack->frames[i].function && strcmp(stack->frames[i].function, function) == 0)
            return true;
    return false;
}

static char *trimmed(const char *text) {
    size_t length = strcspn(text, "\n");
    return strndup(text, length);
}

/* glibc's __assert_fail: "prog: file.c:12: int f(): Assertion `expression' failed." */
static bool diagnose_assertion(const char *text, struct report_diagnosis *ret) {
    static const char before[] = "Assertion `", after[] = "' failed.";
    const char *start = strstr(text, before);
    if (!start)
        return false;
    start += strlen(before);
    const char *end = NULL;
    /* The expression itself may contain the closing words. */
    for (const char *p = strstr(start, after); p; p = strstr(p + 1, after))
        end = p;
    if (!end)
        return false;
    ret->kind = "assertion";
    ret->type = strdup("Assertion failed");
    ret->value = strndup(start, (size_t)(end - start));
    ret->synthetic = false;
    ret->detail = trimmed(text);
    return true;
}

static bool is_heap_message(const char *text) {
    static const char *const beginnings[] = {
        "free(): ",         "malloc(): ",
        "realloc(): ",      "calloc(): ",
        "corrupted ",       "double free",
        "mremap_chunk",     "malloc_consolidate",
        "munmap_chunk(): ", "break adjusted to free",
        "memalign",
    };
    for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++)
        if (text_starts_with(text, beginnings[i]))
            return true;
    return strstr(text, "tcache") != NULL;
}

static bool diagnose_libc_message(const char *text, struct report_diagnosis *ret) {
    const char *kind = strstr(text, "stack smashing detected")    ? "stack smashing"
                       : strstr(text, "buffer overflow detected") ? "buffer overflow"
                       : is_heap_message(text)                    ? "heap corruption"
                                                                  : NULL;
    if (!kind)
        return false;
    ret->kind = kind;
    ret->type = strdup(kind);
    ret->value = trimmed(text);
    ret->synthetic = false;
    return true;
}

static bool diagnose_exception(const struct diagnose_input *input, struct report_diagnosis *ret) {
    /* Without debug information libstdc++ names only what it exports. */
    static const char *const ends[] = {
        "std::terminate",       "__cxxabiv1::__terminate", "__gnu_cxx::__verbose_terminate_handler",
        "__cxa_throw",          "__cxa_rethrow",           "__gxx_personality_v0",
        "__cxa_call_terminate",
    };
    const struct snapshot *snapshot = input->snapshot;
    if (!snapshot->exception.present || text_empty(snapshot->exception.type))
        return false;
    /* An abort() inside of a catch block is not the exception's doing: only std::terminate is. A
     * stack without names does not speak against it. */
    bool named = input->stack->n_frames > 1 && input->stack->frames[1].function;
    bool terminated = false;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        terminated |= stack_has(input->stack, ends[i]);
    if (named && !terminated)
        return false;
    ret->kind = "uncaught exception";
    ret->type = demangle_type(snapshot->exception.type);
    if (text_empty(snapshot->exception.what))
        diagnosis_say(&ret->value, "uncaught exception without a message");
    else
        ret->value = strdup(snapshot->exception.what);
    ret->synthetic = false;
    return true;
}

/* The hook finds the exception through what a shared C++ runtime exports. */
static bool exception_would_be_known(const struct snapshot *snapshot) {
    for (size_t i = 0; i < snapshot->n_modules; i++) {
        const char *name = text_basename(snapshot->modules[i].path);
        if (text_starts_with(name, "libstdc++.so") || text_starts_with(name, "libc++abi.so"))
            return true;
    }
    return false;
}

/* std::terminate without an exception in the snapshot. */
static void say_terminate(const struct diagnose_input *input, struct report_diagnosis *ret) {
    if (exception_would_be_known(input->snapshot)) {
        diagnosis_say(&ret->value, "std::terminate was called without an active exception");
        return;
    }
    ret->kind = "uncaught exception";
    diagnosis_say(&ret->value, "std::terminate was called; which exception it was is not known: "
                               "the C++ runtime is linked statically");
}

static const char *caller_of_abort(const struct stack *stack) {
    for (size_t i = 0; i + 1 < stack->n_frames; i++) {
        const char *name = stack->frames[i].function;
        if (name && (strcmp(name, "abort") == 0 || strcmp(name, "__GI_abort") == 0))
            return stack->frames[i + 1].function;
    }
    return NULL;
}

bool diagnose_abort(const struct diagnose_input *input, struct report_diagnosis *ret) {
    const struct snapshot *snapshot = input->snapshot;
    if (snapshot->signal.number != SIGABRT)
        return false;
    if (!text_empty(snapshot->abort_text) && (diagnose_assertion(snapshot->abort_text, ret) ||
                                              diagnose_libc_message(snapshot->abort_text, ret)))
        return true;
    if (diagnose_exception(input, ret))
        return true;
    const char *caller = caller_of_abort(input->stack);
    ret->kind = "abort";
    if (!text_empty(snapshot->abort_text))
        ret->value = trimmed(snapshot->abort_text);
    else if (stack_has(input->stack, "std::terminate"))
        say_terminate(input, ret);
    else if (stack_has(input->stack, "rust_panic") ||
             stack_has(input->stack, "__rustc::rust_panic"))
        diagnosis_say(&ret->value, "Rust panic; its message went to standard error");
    else if (caller)
        diagnosis_say(&ret->value, "Deliberate abort: abort() called by %s", caller);
    else
        diagnosis_say(&ret->value, "Deliberate abort");
    return true;
}
