/* SPDX-License-Identifier: MIT */
/*
 * The crash report as one model: built once from a snapshot, its walk and its context; read by
 * every renderer. Strings are clean UTF-8 (base/text.h) and scrubbed (scrub.h), NULL where unknown;
 * everything is owned by the report, except that threads' frames keep pointing into the snapshot
 * and the walk, which must outlive it.
 */
#ifndef REPORT_REPORT_H
#define REPORT_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report/context.h"
#include "symbolizer/frame.h"
#include "symbolizer/symbolizer.h"

enum report_symbols { REPORT_SYMBOLS_NONE, REPORT_SYMBOLS_PARTIAL, REPORT_SYMBOLS_FULL };

struct report_thread {
    uint32_t tid;
    char *name;
    bool crashed, main;
    const char *state;   /* "Running", "Sleeping", ...; NULL if unknown */
    const char *missing; /* why there is no stack, NULL if there is one */
    struct stack stack;
    bool *in_app;      /* one for each frame of stack */
    int same_stack_as; /* index of an earlier thread with the same stack, -1 if none */
};

struct report_module {
    char *path;
    uint64_t base, end, vmaddr;
    char code_id[129]; /* whole build-id in hex, "" if it has none */
    char debug_id[37]; /* SENTRY.md 2.5; "" if nothing to make it from */
    enum module_symbols symbols;
    const char *debug_file, *problem;
    char *remedy;      /* how to get the debug information that it lacks; NULL if unknown */
    bool in_app, used; /* used: a frame lies in it */
};

struct report_register {
    const char *name;
    uint64_t value;
};

/* What the program itself said through crashhook.h. Strings are owned by the report. */
struct report_breadcrumb {
    uint64_t time;     /* nanoseconds since 1970, 0 if unknown */
    const char *level; /* one of Sentry's five */
    char *category, *message;
    struct report_pair *data;
    size_t n_data;
};

struct report_told {
    char *name;
    struct report_pair *values;
    size_t n_values;
};

/* What happened, for people and for grouping. */
struct report_diagnosis {
    const char *kind;  /* static, e.g. "null pointer", "stack overflow"; the kind tag and column */
    char *type;        /* exception.type: "SIGSEGV", "std::runtime_error", "Assertion failed" */
    char *value;       /* exception.value: one sentence, what(), or the expression */
    char *detail;      /* a second sentence, NULL if there is none */
    bool synthetic;    /* type is only the signal's name */
    const char *fault; /* "read", "write", "execute" or NULL */
    uint64_t fault_address;
    bool has_fault_address;
    uint32_t sent_by; /* pid of the sender, 0 if the kernel raised it */
    char *sent_by_name;
};

struct crash_report {
    const struct report_context *context;
    const struct snapshot *snapshot;
    char event_id[33];
    uint64_t time; /* nanoseconds since 1970 */

    uint32_t pid, uid;
    char *program; /* basename of exe */
    char *exe;
    char *release, *release_source, *environment;

    int signal;
    const char *signal_name, *code_name; /* code_name NULL if unknown */
    struct report_diagnosis diagnosis;
    char *abort_text, *exception_type, *exception_what;
    char *sanitizer, *sanitizer_text; /* name of the sanitizer, and all that it printed */

    /* Only where context.send_pii allows; else none. */
    char **arguments;
    size_t n_arguments;
    char *work_directory;
    struct report_pair *environment_variables; /* strings owned by the report */
    size_t n_environment_variables;

    struct report_breadcrumb *breadcrumbs; /* oldest first */
    size_t n_breadcrumbs;
    struct report_told *told; /* contexts of the program's own */
    size_t n_told;
    struct report_told user; /* without a name */

    struct report_thread *threads; /* the crashed one first */
    size_t n_threads;
    int culprit; /* index in threads[0].stack.frames: newest frame that is not libc, unwinder or
                    terminate; -1 if there is none */
    struct report_register *registers;
    size_t n_registers;
    struct report_module *modules;
    size_t n_modules;

    char **fingerprint; /* whole: the program's with crashd's in the place of {{ default }} */
    size_t n_fingerprint;
    char **own_fingerprint; /* the program's as it gave it */
    size_t n_own_fingerprint;
    struct report_pair *tags; /* sorted by name; strings owned by the report */
    size_t n_tags;
    enum report_symbols symbols;
    char *damage; /* one sentence when something is missing, NULL if all is there */
};

/* 0 or -ENOMEM. walk may be NULL: a reduced report (module and offset). */
int report_build(const struct snapshot *snapshot, struct walk *walk,
                 const struct report_context *context, struct crash_report **ret);
struct crash_report *report_free(struct crash_report *report);

#endif
