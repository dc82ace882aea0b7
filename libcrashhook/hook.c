/* SPDX-License-Identifier: MIT */
/*
 * The constructor. It runs in every program of the machine, so it does little: it reads a few
 * variables, maps one region and installs the handlers.
 *
 * hook_in_vfork_child() is async-signal-safe, the rest runs before anything can go wrong.
 */
#include "libcrashhook/hook.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcrashhook/altstack.h"
#include "libcrashhook/dispositions.h"
#include "libcrashhook/early.h"
#include "libcrashhook/masks.h"
#include "libcrashhook/next.h"
#include "libcrashhook/sanitizer.h"
#include "libcrashhook/syscalls.h"
#include "libcrashhook/text.h"

enum { DEFAULT_TIMEOUT_MS = 3000, MAX_TIMEOUT_MS = 600000 };

#define DEFAULT_SOCKET        "/run/crashd/hook.sock"
#define INITIAL_PID_NAMESPACE "pid:[4026531836]"

struct hook_settings hook_settings;
THREADED struct hook_thread hook_thread;

/* Until there is a page of its own nobody can have forked. */
static struct hook_identity first_identity;
struct hook_identity *hook_identity;

/* crashd and crashctl define it: a program that reports crashes must not report its own. */
extern const char crashhook_inert[] __attribute__((weak));

static const struct {
    char name[8];
    int number;
} SIGNAL_NAMES[] = {
    {"HUP", SIGHUP},       {"INT", SIGINT},       {"QUIT", SIGQUIT}, {"ILL", SIGILL},
    {"TRAP", SIGTRAP},     {"ABRT", SIGABRT},     {"BUS", SIGBUS},   {"FPE", SIGFPE},
    {"SEGV", SIGSEGV},     {"PIPE", SIGPIPE},     {"ALRM", SIGALRM}, {"TERM", SIGTERM},
    {"USR1", SIGUSR1},     {"USR2", SIGUSR2},     {"XCPU", SIGXCPU}, {"XFSZ", SIGXFSZ},
    {"SYS", SIGSYS},       {"VTALRM", SIGVTALRM}, {"PROF", SIGPROF}, {"IO", SIGIO},
    {"STKFLT", SIGSTKFLT}, {"PWR", SIGPWR},
};

/* Cannot be caught, or kill nobody: a stand-in would. */
static const uint64_t NOT_DEADLY =
    1ULL << (SIGKILL - 1) | 1ULL << (SIGSTOP - 1) | 1ULL << (SIGCHLD - 1) | 1ULL << (SIGCONT - 1) |
    1ULL << (SIGTSTP - 1) | 1ULL << (SIGTTIN - 1) | 1ULL << (SIGTTOU - 1) | 1ULL << (SIGURG - 1) |
    1ULL << (SIGWINCH - 1);

/* "SEGV,ABRT,24": numbers or names, with or without SIG. Unknown ones are skipped. */
static uint64_t read_signals(const char *list) {
    uint64_t signals = 0, number;

    while (*list != '\0') {
        if (text_number(&list, 10, &number)) {
            if (number >= 1 && number < 32 && (NOT_DEADLY & signal_bit((int)number)) == 0)
                signals |= signal_bit((int)number);
        } else {
            if (text_begins(list, "SIG"))
                list += 3;
            for (size_t i = 0; i < sizeof SIGNAL_NAMES / sizeof *SIGNAL_NAMES; i++) {
                size_t length = text_length(SIGNAL_NAMES[i].name);
                if (text_begins(list, SIGNAL_NAMES[i].name) &&
                    (list[length] < 'A' || list[length] > 'Z') &&
                    (list[length] < '0' || list[length] > '9'))
                    signals |= signal_bit(SIGNAL_NAMES[i].number);
            }
        }
        while (*list != '\0' && *list != ',' && *list != ' ')
            list++;
        while (*list == ',' || *list == ' ')
            list++;
    }
    return signals;
}

static const char *value_of(const char *variable, const char *name) {
    return text_begins(variable, name) ? variable + text_length(name) : NULL;
}

static bool contains(const char *text, const char *part) {
    for (; *text != '\0'; text++) {
        if (text_begins(text, part))
            return true;
    }
    return false;
}

static void set_text(char *target, size_t size, const char *value) {
    size_t length = text_length(value);

    text_zero(target, size);
    if (length < size)
        text_copy(target, value, length);
}

/* One byte for crashctl run, which says in how many programs nothing crashed. */
static void count_program(const char *path) {
    struct stat status;
    long fd =
        sys(SYS_openat, AT_FDCWD, path, O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0)
        return;
    if (sys(SYS_fstat, fd, &status) == 0 && S_ISREG(status.st_mode))
        sys(SYS_write, fd, ".", 1);
    sys(SYS_close, fd);
}

static bool read_environment(char *const *environment) {
    bool enabled = true;

    for (; environment != NULL && *environment != NULL; environment++) {
        const char *variable = *environment, *value;
        uint64_t number;

        /* Valgrind does not survive a queued signal, and explains deaths better than we could. */
        if ((value = value_of(variable, "LD_PRELOAD=")) != NULL && contains(value, "/vgpreload_"))
            enabled = false;
        /* Run by afl-fuzz, which wants to see the deaths itself, thousands of them. */
        if (text_begins(variable, "__AFL_SHM_ID="))
            enabled = false;
        if (!text_begins(variable, "CRASH"))
            continue;
        if ((value = value_of(variable, "CRASHD_SOCKET=")) != NULL && *value != '\0')
            set_text(hook_settings.socket, sizeof hook_settings.socket, value);
        else if ((value = value_of(variable, "CRASHD_DROP_DIR=")) != NULL)
            set_text(hook_settings.drop_dir, sizeof hook_settings.drop_dir, value);
        else if ((value = value_of(variable, "CRASHD_RUN_ID=")) != NULL)
            text_copy(hook_settings.run_id, value,
                      text_length_max(value, sizeof hook_settings.run_id));
        else if ((value = value_of(variable, "CRASHD_PROGRAM_COUNT=")) != NULL)
            count_program(value);
        else if ((value = value_of(variable, "CRASHHOOK_SIGNALS=")) != NULL)
            hook_settings.signals |= read_signals(value);
        else if ((value = value_of(variable, "CRASHHOOK_DISABLE=")) != NULL)
            enabled = enabled && !text_equal(value, "1");
        else if ((value = value_of(variable, "CRASHHOOK_VERBOSE=")) != NULL)
            hook_settings.verbose = text_equal(value, "1");
        else if ((value = value_of(variable, "CRASHHOOK_HANDLED=")) != NULL)
            hook_settings.handled = text_equal(value, "1");
        else if ((value = value_of(variable, "CRASHHOOK_TIMEOUT_MS=")) != NULL &&
                 text_number(&value, 10, &number) && number >= 1 && number <= MAX_TIMEOUT_MS)
            hook_settings.timeout_ms = (uint32_t)number;
    }
    return enabled;
}

/* A machine whose PID 1 waits for a daemon that PID 1 is to start would not come up. */
static bool is_machine_init(int pid) {
    char target[64];
    long length;

    if (pid != 1)
        return false;
    length = sys(SYS_readlinkat, AT_FDCWD, "/proc/self/ns/pid", target, sizeof target - 1);
    if (length <= 0)
        return true;
    target[length] = '\0';
    return text_equal(target, INITIAL_PID_NAMESPACE);
}

bool hook_in_vfork_child(void) {
    int pid, expected = 0;

    /* Some allocators come before every constructor. */
    if (hook_identity == NULL)
        return false;
    pid = sandbox_pid();
    if (atomic_compare_exchange_strong(&hook_identity->pid, &expected, pid))
        return false;
    return expected != pid;
}

/* Identity page and the main thread's alternate stack in one mapping, to spare a system call. */
static void map_memory(int pid) {
    size_t size = hook_settings.page_size + altstack_mapping_size();
    long memory = sys(SYS_mmap, NULL, size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (memory < 0)
        return;
    if (sys(SYS_madvise, memory, hook_settings.page_size, MADV_WIPEONFORK) == 0)
        hook_identity = (struct hook_identity *)memory;
    altstack_adopt((uint8_t *)memory + hook_settings.page_size);
    atomic_store(&hook_identity->pid, pid);
}

static void read_auxiliary_vector(void) {
    hook_settings.secure = getauxval(AT_SECURE) != 0;
    hook_settings.page_size = getauxval(AT_PAGESZ);
    hook_settings.executable = (const char *)getauxval(AT_EXECFN);
    hook_settings.headers = getauxval(AT_PHDR);
    hook_settings.n_headers = getauxval(AT_PHNUM);
    hook_settings.vdso = getauxval(AT_SYSINFO_EHDR);
}

static bool constructed;
static char **environment;

static void start(bool early) {
    static atomic_flag known = ATOMIC_FLAG_INIT, started = ATOMIC_FLAG_INIT;
    int pid;

    if (!atomic_flag_test_and_set(&known)) {
        read_auxiliary_vector();
        next_start();
    }
    /* A sanitizer's runtime calls before libc has its environment; until then we stay out. */
    if (environment == NULL)
        environment = environ;
    if (environment == NULL && early)
        environment = early_environment();
    if ((environment == NULL && !constructed) || atomic_flag_test_and_set(&started))
        return;
    hook_identity = &first_identity;
    pid = (int)sys(SYS_getpid);
    atomic_store(&first_identity.pid, pid);
    hook_settings.timeout_ms = DEFAULT_TIMEOUT_MS;
    hook_settings.signals = SYNCHRONOUS_SIGNALS | signal_bit(SIGABRT);
    set_text(hook_settings.socket, sizeof hook_settings.socket, DEFAULT_SOCKET);
    if ((!hook_settings.secure && !read_environment(environment)) || crashhook_inert != NULL ||
        is_machine_init(pid) || sanitizer_is_fuzzer()) {
        early_end();
        return;
    }
    map_memory(pid);
    masks_start();
    hook_settings.active = true;
    dispositions_start();
    sanitizer_start();
}

void hook_start(void) {
    start(false);
}

void hook_start_early(void) {
    start(true);
}

/* The first of all constructors (-z initfirst), so that the others can die. glibc has no environ by
 * then, but gives it along; other C libraries give nothing, but have it. */
__attribute__((constructor)) static void construct(int argc, char **argv, char **given) {
    constructed = true;
    environment = environ != NULL ? environ : given;
    hook_start();
}
