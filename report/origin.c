/* SPDX-License-Identifier: MIT */
#include "report/origin.h"

#include <stddef.h>
#include <string.h>

#include "base/text.h"

bool origin_module_in_app(const char *path, const char *exe) {
    static const char *const system_directories[] = {
        "/lib/",       "/lib64/",       "/lib32/", "/libx32/",   "/usr/lib/",  "/usr/lib64/",
        "/usr/lib32/", "/usr/libexec/", "[vdso]",  "[vsyscall]", "linux-vdso",
    };
    if (exe && strcmp(path, exe) == 0)
        return true;
    for (size_t i = 0; i < sizeof system_directories / sizeof *system_directories; i++)
        if (text_starts_with(path, system_directories[i]))
            return false;
    /* Shared libraries of the toolchain are installed anywhere. */
    const char *name = text_basename(path);
    return *name && !text_starts_with(name, "libcrashhook.so") &&
           !text_starts_with(name, "libstdc++.so") && !text_starts_with(name, "libgcc_s.so") &&
           !text_starts_with(name, "libclang_rt.") && !text_starts_with(name, "libc.so") &&
           !text_starts_with(name, "ld-");
}

/* Functions that are in every program without being its own. */
static bool is_runtime_function(const char *name) {
    static const char *const exact[] = {
        "abort",
        "raise",
        "_start",
        "__do_global_dtors_aux",
        "__libc_start_main",
        "__libc_start_call_main",
        "start_thread",
        "clone",
        "clone3",
        "__clone3",
        "__assert_fail",
        "__cxa_throw",
        "__cxa_rethrow",
        "__gxx_personality_v0",
        "operator new",
        "operator delete",
        "operator new[]",
        "operator delete[]",
        "__restore_rt",
        "__stack_chk_fail",
        "__chk_fail",
        "__fortify_fail",
        "__libc_message",
        "__pthread_kill_implementation",
        "rust_panic",
        "rust_begin_unwind",
        "__rust_start_panic",
    };
    static const char *const prefixes[] = {
        "std::",  "__gnu_cxx::", "__cxxabiv1::",   "core::",          "alloc::",   "_Unwind_",
        "__cxa_", "__sanitizer", "__interceptor_", "___interceptor_", "__asan",    "__hwasan",
        "__lsan", "__msan",      "__tsan",         "__ubsan",         "__rustc::",
    };
    for (size_t i = 0; i < sizeof exact / sizeof *exact; i++)
        if (strcmp(name, exact[i]) == 0)
            return true;
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        if (text_starts_with(name, prefixes[i]))
            return true;
    return name[0] == '<' && (strstr(name, "<std::") || strstr(name, "<core::") ||
                              strstr(name, "<alloc::") || strstr(name, " as core::"));
}

/* A wild jump may end in the data of a module. */
static bool is_code(const struct snapshot *snapshot, const struct frame *frame) {
    const struct snapshot_mapping *mapping = snapshot_mapping_at(snapshot, frame->lookup);
    return !mapping || (mapping->prot & SNAPSHOT_PROT_EXEC);
}

/* Libraries that are compiled into everybody's code. */
static bool is_library_source(const char *path) {
    static const char *const directories[] = {"/usr/include/", "/usr/lib/", "/usr/src/rustc",
                                              "/rustc/"};
    for (size_t i = 0; i < sizeof directories / sizeof *directories; i++)
        if (text_starts_with(path, directories[i]))
            return true;
    return strstr(path, "/.cargo/registry/") || strstr(path, "/.cargo/git/");
}

bool origin_frame_in_app(const struct snapshot *snapshot, const struct frame *frame,
                         const char *exe) {
    if (frame->module < 0 || !is_code(snapshot, frame))
        return false;
    if (!origin_module_in_app(snapshot->modules[frame->module].path, exe))
        return false;
    if (frame->path && !frame->found && is_library_source(frame->path))
        return false;
    return !frame->function || !is_runtime_function(frame->function);
}

static bool is_runtime_module(const char *path) {
    static const char *const names[] = {
        "libc.so",    "libc-2",       "ld-linux",     "ld-musl",    "ld-2.",        "libpthread",
        "libgcc_s",   "libstdc++",    "libc++",       "libm.so",    "librt.so",     "libdl.so",
        "libunwind",  "libcrashhook", "[vdso]",       "libasan.so", "libhwasan.so", "liblsan.so",
        "libtsan.so", "libubsan.so",  "libclang_rt.",
    };
    const char *name = text_basename(path);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (text_starts_with(name, names[i]))
            return true;
    return false;
}

/* Parts of UBSan's runtime have names like handleIntegerOverflowImpl. */
bool origin_called_by_runtime(const struct stack *stack, size_t index) {
    enum { LEVELS = 2 };
    for (size_t i = index + 1; i < stack->n_frames && i <= index + LEVELS; i++)
        if (stack->frames[i].function &&
            text_starts_with(stack->frames[i].function, "__ubsan_handle_"))
            return true;
    return false;
}

int origin_culprit(const struct snapshot *snapshot, const struct stack *stack) {
    for (size_t i = 0; i < stack->n_frames; i++) {
        const struct frame *frame = &stack->frames[i];
        if (frame->module < 0 || !is_code(snapshot, frame) || frame->trampoline ||
            frame->trust == FRAME_TRUST_SCAN ||
            is_runtime_module(snapshot->modules[frame->module].path) ||
            origin_called_by_runtime(stack, i))
            continue;
        if (!frame->function || !is_runtime_function(frame->function))
            return (int)i;
    }
    return -1;
}
