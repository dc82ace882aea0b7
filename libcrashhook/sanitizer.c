/* SPDX-License-Identifier: MIT */
/*
 * A sanitizer's runtime prints its report piece by piece through __sanitizer_on_print(), an empty
 * function that others may replace. Ours is found before that of a runtime that is a library (gcc).
 * A runtime that is linked into the program (clang) has bound its calls already: there the empty
 * function itself is diverted, which changes one page of a program that is for testing anyway.
 *
 * The program's own replacement wins, and so does its own death callback, of which a runtime has
 * only one: what ends it is then known by the last line of the report, where there is one.
 *
 * The runtime calls with its locks held, whatever the state of the thread: from find() on
 * all is async-signal-safe.
 */
#include "libcrashhook/sanitizer.h"

#include <linux/futex.h>
#include <stdatomic.h>
#include <unistd.h>

#include "libcrashhook/capture.h"
#include "libcrashhook/dispositions.h"
#include "libcrashhook/helper.h"
#include "libcrashhook/hook.h"
#include "libcrashhook/next.h"
#include "libcrashhook/syscalls.h"
#include "libcrashhook/text.h"

enum {
    RUNTIMES = 4,
    VARIABLES_MAX = 4096,
    OPTIONS_SIZE = 4096,
    TEXT_SIZE = 48 * 1024,
    NAME_SIZE = 64,
    KIND_SIZE = 128
};

/* The dynamic linker resolves them to NULL where there is no runtime. */
extern void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));
extern void __sanitizer_cov_trace_cmp4(void) __attribute__((weak));

EXPORT const char *__asan_default_options(void);

typedef void print_function(const char *);
typedef void set_callback_function(void (*)(void));
typedef const char *options_function(void);

void sanitizer_printed(const char *piece, const struct arch_caller *caller);
void sanitizer_dies(void *unused, const struct arch_caller *caller);

/* The newest report; touched in programs with a runtime only. */
static struct {
    print_function *next; /* would be called if we were not there */
    atomic_flag busy;
    bool reported; /* it is sent */
    bool race;     /* the runtime goes on after it, and remembers it at the end */
    bool race_reported;
    size_t length;
    char text[TEXT_SIZE];
} printed APART = {.busy = ATOMIC_FLAG_INIT};

/* In a runtime this function does nothing; a fuzzing engine brings one that does something. */
bool sanitizer_is_fuzzer(void) {
    return __sanitizer_set_death_callback != NULL && __sanitizer_cov_trace_cmp4 != NULL &&
           !arch_is_empty_function((const void *)__sanitizer_cov_trace_cmp4);
}

/* gcc's runtimes are libraries, each with its own callback: there may be two in a program. */
void sanitizer_start(void) {
    void *found, *runtimes[RUNTIMES];
    size_t n;

    if (__sanitizer_set_death_callback == NULL)
        return;
    found = next_before_us("__sanitizer_on_print");
    if (found != NULL)
        arch_divert_empty_function(found, (void *)arch_sanitizer_printed);
    else
        printed.next = (print_function *)next_symbol("__sanitizer_on_print");
    __sanitizer_set_death_callback(arch_sanitizer_dies);
    n = next_symbols("__sanitizer_set_death_callback", runtimes, RUNTIMES);
    for (size_t i = 0; i < n; i++)
        ((set_callback_function *)runtimes[i])(arch_sanitizer_dies);
}

/* An ASan program refuses to start with any library before its runtime, unless told so. A library
 * of the program may have something to tell as well. */
EXPORT const char *__asan_default_options(void) {
    static char options[OPTIONS_SIZE] APART;
    struct text text = text_in(options, sizeof options);
    options_function *next;

    hook_start();
    next = (options_function *)next_symbol("__asan_default_options");
    text_add(&text, "verify_asan_link_order=0");
    if (next != NULL) {
        text_add(&text, ":");
        text_add(&text, next());
    }
    return text.cut ? "verify_asan_link_order=0" : options;
}

static const char *find(const char *text, const char *end, const char *wanted) {
    size_t length = text_length(wanted);

    for (; (size_t)(end - text) >= length; text++) {
        if (text_same_bytes(text, wanted, length))
            return text;
    }
    return NULL;
}

static bool contains(const char *text, const char *wanted) {
    return find(text, text + text_length(text), wanted) != NULL;
}

static bool begins_report(const char *piece) {
    return contains(piece, "Sanitizer: ")
               ? contains(piece, "ERROR: ") || contains(piece, "WARNING: ")
               : contains(piece, ": runtime error: ");
}

/* A handler of the runtime's own may be at work, on another stack than the fault. */
static void look_for_handlers(void) {
    static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT};

    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        struct kernel_sigaction now;
        if (sys_sigaction(signals[i], NULL, &now) == 0 && (uint64_t)now.handler > 1 &&
            now.restorer != (void *)arch_signal_return)
            dispositions_set_signal_return((uint64_t)now.restorer);
    }
}

static void report(const struct arch_caller *caller, bool goes_on) {
    int tid = sandbox_tid(), dying = 0;
    struct cause cause;

    if (hook_in_vfork_child() ||
        !atomic_compare_exchange_strong(&hook_identity->dying, &dying, tid))
        return;
    printed.reported = true;
    look_for_handlers();
    text_zero(&cause, sizeof cause);
    arch_caller_registers(caller, cause.registers, &cause.known);
    helper_report(&(struct report_request){
        .cause = &cause,
        .tid = tid,
        .sanitizer = true,
        .goes_on = goes_on,
    });
    /* Else what comes now is the end, by whatever signal or status the runtime is told to use. */
    if (goes_on) {
        atomic_store(&hook_identity->dying, 0);
        sys(SYS_futex, &hook_identity->dying, FUTEX_WAKE_PRIVATE, INT32_MAX);
    }
}

static void append(const char *piece) {
    size_t length = text_length(piece), room = TEXT_SIZE - printed.length;

    if (begins_report(piece)) {
        printed.length = 0;
        printed.reported = false;
        printed.race = contains(piece, "WARNING: ThreadSanitizer: ");
        room = TEXT_SIZE;
    } else if (printed.length == 0) {
        return;
    }
    if (length > room)
        length = room;
    text_copy(printed.text + printed.length, piece, length);
    printed.length += length;
}

/* A program with races goes on, but its exit status will be the runtime's: the first is reported,
 * where it is found. */
void sanitizer_printed(const char *piece, const struct arch_caller *caller) {
    if (printed.next != NULL)
        printed.next(piece);
    if (piece == NULL || !hook_settings.active || atomic_flag_test_and_set(&printed.busy))
        return;
    append(piece);
    if (printed.length > 0 && !printed.reported) {
        if (printed.race && contains(piece, "SUMMARY: ")) {
            if (!printed.race_reported)
                report(caller, true);
            printed.race_reported = printed.reported = true;
        } else if (!printed.race && contains(piece, "ABORTING")) {
            report(caller, false);
        }
    }
    atomic_flag_clear(&printed.busy);
}

void sanitizer_dies(void *unused, const struct arch_caller *caller) {
    if (!hook_settings.active || atomic_flag_test_and_set(&printed.busy))
        return;
    if (printed.length > 0 && !printed.reported)
        report(caller, false);
    atomic_flag_clear(&printed.busy);
}

static const char *end_of_line(const char *text, const char *end) {
    while (text < end && *text != '\n')
        text++;
    return text;
}

const char *sanitizer_key(size_t *length) {
    const char *end = printed.text + printed.length;
    const char *line = find(printed.text, end, "SUMMARY: ");

    if (line == NULL)
        line = find(printed.text, end, ": runtime error: ");
    *length = line != NULL ? (size_t)(end_of_line(line, end) - line) : 0;
    return line;
}

/* ASAN_OPTIONS=abort_on_error=1, or another one's: what counts is the last word on it. */
static bool tells_to_abort(const char *variable) {
    static const char name[] = "SAN_OPTIONS=", option[] = "abort_on_error=";
    const char *end = variable + text_length(variable), *at = variable;
    bool aborts = false;

    while (at < end && *at != '=')
        at++;
    if (at - variable + 1 < (long)sizeof name - 1 || !text_begins(at + 1 - (sizeof name - 1), name))
        return false;
    while ((at = find(at, end, option)) != NULL) {
        at += sizeof option - 1;
        aborts = *at == '1' || *at == 't' || *at == 'y';
    }
    return aborts;
}

void sanitizer_write_signal(struct capture *capture) {
    uint64_t list = (uint64_t)environ, variable;
    char *text = (char *)capture->scratch;
    bool aborts = false;

    for (size_t i = 0;
         i < VARIABLES_MAX && !aborts &&
         memory_word(&capture->memory, list + i * sizeof variable, &variable) && variable != 0;
         i++) {
        memory_string(&capture->memory, variable, text, OPTIONS_SIZE);
        aborts = tells_to_abort(text);
    }
    if (!aborts)
        return;
    snapshot_writer_begin(&capture->writer, SNAPSHOT_SECTION_SIGNAL, 256);
    snapshot_writer_uint(&capture->writer, SNAPSHOT_SIGNAL_NUMBER, SIGABRT);
    snapshot_writer_int(&capture->writer, SNAPSHOT_SIGNAL_CODE, SI_TKILL);
    snapshot_writer_uint(&capture->writer, SNAPSHOT_SIGNAL_SENDER_PID, (uint64_t)capture->pid);
    snapshot_writer_end(&capture->writer);
}

static void write_part(struct capture *capture, unsigned key, const char *from, const char *to,
                       size_t most) {
    size_t length = (size_t)(to - from);

    snapshot_writer_str(&capture->writer, key, from, length < most ? length : most);
}

/* "ERROR: AddressSanitizer: heap-use-after-free on address 0x602000000014 at pc ...", and at the
 * end "SUMMARY: AddressSanitizer: heap-use-after-free uaf.c:4 in use". The second says it in one
 * word where there is one; races and leaks are named by the first. */
static void write_name(struct capture *capture) {
    static const char suffix[] = "Sanitizer: ";
    const char *end = printed.text + printed.length, *kind, *stop;
    const char *word = find(printed.text, end_of_line(printed.text, end), suffix);
    const char *summary = find(printed.text, end, "SUMMARY: ");

    if (word == NULL) {
        capture_string(capture, SNAPSHOT_SANITIZER_NAME, "UndefinedBehaviorSanitizer");
        capture_string(capture, SNAPSHOT_SANITIZER_KIND, "undefined-behavior");
        return;
    }
    kind = word + sizeof suffix - 1;
    while (word > printed.text && word[-1] != ' ')
        word--;
    write_part(capture, SNAPSHOT_SANITIZER_NAME, word, kind - 2, NAME_SIZE);
    stop = end_of_line(kind, end);
    if (printed.race || text_same_bytes(word, "Leak", 4)) {
        const char *process = find(kind, stop, " (pid=");
        stop = process != NULL ? process : stop;
    } else {
        const char *brief = summary != NULL ? find(summary, end, suffix) : NULL;
        if (brief != NULL) {
            kind = brief + sizeof suffix - 1;
            stop = end_of_line(kind, end);
        }
        for (const char *at = kind; at < stop; at++) {
            if (*at == ' ' || *at == ':')
                stop = at;
        }
    }
    write_part(capture, SNAPSHOT_SANITIZER_KIND, kind, stop, KIND_SIZE);
}

void sanitizer_write(struct capture *capture) {
    snapshot_writer_begin(&capture->writer, SNAPSHOT_SECTION_SANITIZER, printed.length + 512);
    write_name(capture);
    snapshot_writer_str(&capture->writer, SNAPSHOT_SANITIZER_TEXT, printed.text, printed.length);
    snapshot_writer_end(&capture->writer);
}
