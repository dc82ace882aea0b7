/* SPDX-License-Identifier: MIT */
/* Async-signal-safe; confstr() copies a constant. */
#include "libcrashhook/process.h"

#include <fcntl.h>
#include <unistd.h>

#include "libcrashhook/capture.h"
#include "libcrashhook/hook.h"
#include "libcrashhook/syscalls.h"
#include "libcrashhook/text.h"

enum {
    PATH_SIZE = 4096,
    ARGS_SIZE = 4096,
    ARGS_MAX = 512,
    VARIABLES_MAX = 4096, /* looked at */
    VALUE_SIZE = 1024,
    STAT_SIZE = 1024,
    STATUS_SIZE = 2048,
};

/* Harmless ones: what names a release, a job, a place. Everything else stays in the process. */
static const char *const ALLOWED_VARIABLES[] = {
    "SENTRY_RELEASE",
    "SENTRY_ENVIRONMENT",
    "LANG",
    "LC_ALL",
    "TZ",
    "PATH",
    "container",
    "INVOCATION_ID",
    "CI",
    "HOSTNAME",
    "KUBERNETES_SERVICE_HOST",
    "POD_NAME",
    "POD_NAMESPACE",
    "GITHUB_ACTIONS",
    "GITHUB_SHA",
    "GITHUB_REF_NAME",
    "GITHUB_REPOSITORY",
    "GITHUB_RUN_ID",
    "GITHUB_JOB",
    "GITLAB_CI",
    "CI_COMMIT_SHA",
    "CI_COMMIT_REF_NAME",
    "CI_JOB_ID",
    "CI_PROJECT_PATH",
    "GIT_COMMIT",
    "GIT_BRANCH",
    "BUILD_NUMBER",
    "JOB_NAME",
};

enum { N_ALLOWED = sizeof ALLOWED_VARIABLES / sizeof *ALLOWED_VARIABLES };

static void write_args(struct capture *capture) {
    char *buffer = (char *)capture->scratch;
    long length = procfs_read("/proc/self", "cmdline", buffer, ARGS_SIZE);
    size_t count = 0, at = 0;

    if (length <= 0)
        return;
    for (long i = 0; i < length; i++)
        count += buffer[i] == '\0' || i == length - 1;
    if (count > ARGS_MAX)
        count = ARGS_MAX;
    snapshot_writer_strs(&capture->writer, SNAPSHOT_PROCESS_ARGS, count);
    for (size_t i = 0; i < count; i++) {
        size_t size = text_length_max(buffer + at, (size_t)length - at);
        snapshot_writer_item(&capture->writer, buffer + at, size);
        at += size + 1;
    }
}

/* The fields of the stat file, counted from behind the name, which is the second. */
static bool stat_field(const char *behind_name, int wanted, uint64_t *number) {
    const char *at = behind_name;

    for (int field = 2; field < wanted && *at != '\0'; at++)
        field += *at == ' ';
    return text_number(&at, 10, number);
}

/* "Uid:\treal\teffective\t..." */
static void write_pair(struct capture *capture, const char *at, unsigned real, unsigned effective) {
    uint64_t number;

    if (!text_number(&at, 10, &number))
        return;
    snapshot_writer_uint(&capture->writer, real, number);
    if (*at++ == '\t' && text_number(&at, 10, &number))
        snapshot_writer_uint(&capture->writer, effective, number);
}

static void write_ids_by_calls(struct capture *capture) {
    struct snapshot_writer *writer = &capture->writer;

    snapshot_writer_uint(writer, SNAPSHOT_PROCESS_UID, (uint64_t)sys(SYS_getuid));
    snapshot_writer_uint(writer, SNAPSHOT_PROCESS_EUID, (uint64_t)sys(SYS_geteuid));
    snapshot_writer_uint(writer, SNAPSHOT_PROCESS_GID, (uint64_t)sys(SYS_getgid));
    snapshot_writer_uint(writer, SNAPSHOT_PROCESS_EGID, (uint64_t)sys(SYS_getegid));
}

/* From the status file and not from calls, of which a sandbox may allow less. */
static void write_status(struct capture *capture) {
    char *buffer = (char *)capture->scratch;
    uint64_t tracer;

    if (procfs_read(capture->proc, "status", buffer, STATUS_SIZE) <= 0) {
        write_ids_by_calls(capture);
        return;
    }
    for (const char *at = buffer; *at != '\0'; at++) {
        if (at != buffer && at[-1] != '\n')
            continue;
        if (text_begins(at, "Uid:\t")) {
            write_pair(capture, at + 5, SNAPSHOT_PROCESS_UID, SNAPSHOT_PROCESS_EUID);
        } else if (text_begins(at, "Gid:\t")) {
            write_pair(capture, at + 5, SNAPSHOT_PROCESS_GID, SNAPSHOT_PROCESS_EGID);
        } else if (text_begins(at, "TracerPid:\t")) {
            const char *value = at + 11;
            if (text_number(&value, 10, &tracer) && tracer != 0)
                snapshot_writer_uint(&capture->writer, SNAPSHOT_PROCESS_TRACER, tracer);
        }
    }
}

static void write_ids(struct capture *capture) {
    struct snapshot_writer *writer = &capture->writer;
    char *stat = (char *)capture->scratch;
    const char *behind_name = NULL;
    char path[48];
    struct text text = text_in(path, sizeof path);
    uint64_t number;

    text_add(&text, "task/");
    text_add_number(&text, (uint64_t)capture->pid);
    text_add(&text, "/stat");
    /* The main thread's, since that of the process adds up all threads. */
    if (procfs_read(capture->proc, path, stat, STAT_SIZE) > 0)
        behind_name = procfs_behind_name(stat);
    snapshot_writer_uint(writer, SNAPSHOT_PROCESS_PID, (uint64_t)capture->pid);
    if (behind_name != NULL && stat_field(behind_name, 4, &number))
        snapshot_writer_uint(writer, SNAPSHOT_PROCESS_PPID, number);
    else if (!capture->in_helper)
        snapshot_writer_uint(writer, SNAPSHOT_PROCESS_PPID, (uint64_t)sys(SYS_getppid));
    if (behind_name != NULL && stat_field(behind_name, 22, &number))
        snapshot_writer_uint(writer, SNAPSHOT_PROCESS_START, number);
}

static void write_libc(struct capture *capture) {
    char version[32];

    version[0] = '\0';
    if (confstr(_CS_GNU_LIBC_VERSION, version, sizeof version) > 1 && version[0] != '\0')
        capture_string(capture, SNAPSHOT_PROCESS_LIBC, version);
    else
        capture_string(capture, SNAPSHOT_PROCESS_LIBC, "musl");
}

void process_write(struct capture *capture) {
    struct snapshot_writer *writer = &capture->writer;
    char *buffer = (char *)capture->scratch;
    long length;

    snapshot_writer_begin(writer, SNAPSHOT_SECTION_PROCESS, 2 * PATH_SIZE + ARGS_SIZE + 1024);
    write_ids(capture);
    length = procfs_link("/proc/self", "exe", buffer, PATH_SIZE);
    if (length <= 0 && hook_settings.executable != NULL)
        length = (long)memory_string(&capture->memory, (uint64_t)hook_settings.executable, buffer,
                                     PATH_SIZE);
    if (length > 0)
        snapshot_writer_str(writer, SNAPSHOT_PROCESS_EXE, buffer, (size_t)length);
    length = procfs_read(capture->proc, "comm", buffer, 32);
    if (length > 1)
        snapshot_writer_str(writer, SNAPSHOT_PROCESS_COMM, buffer, (size_t)length - 1);
    if (!capture->secret)
        write_args(capture);
    length = sys(SYS_getcwd, buffer, PATH_SIZE);
    if (length > 1)
        snapshot_writer_str(writer, SNAPSHOT_PROCESS_CWD, buffer, (size_t)length - 1);
    snapshot_writer_bool(writer, SNAPSHOT_PROCESS_SECURE, hook_settings.secure);
    snapshot_writer_uint(writer, SNAPSHOT_PROCESS_DUMPABLE, (uint64_t)capture->dumpable);
    write_status(capture);
    write_libc(capture);
    if (capture->threads.n_all > 0)
        snapshot_writer_uint(writer, SNAPSHOT_PROCESS_THREADS, capture->threads.n_all);
    snapshot_writer_end(writer);
}

static int allowed_variable(const char *variable) {
    for (int i = 0; i < N_ALLOWED; i++) {
        size_t length = text_length(ALLOWED_VARIABLES[i]);
        if (text_begins(variable, ALLOWED_VARIABLES[i]) && variable[length] == '=')
            return i;
    }
    return -1;
}

void process_write_environment(struct capture *capture) {
    struct snapshot_writer *writer = &capture->writer;
    uint64_t found[N_ALLOWED] = {0}, list = (uint64_t)environ, variable;
    char *buffer = (char *)capture->scratch;
    size_t count = 0;

    for (size_t i = 0; i < VARIABLES_MAX &&
                       memory_word(&capture->memory, list + i * 8, &variable) && variable != 0;
         i++) {
        int which;
        memory_string(&capture->memory, variable, buffer, 64);
        which = allowed_variable(buffer);
        if (which >= 0 && found[which] == 0) {
            found[which] = variable + text_length(ALLOWED_VARIABLES[which]) + 1;
            count++;
        }
    }
    if (count == 0)
        return;
    snapshot_writer_begin(writer, SNAPSHOT_SECTION_ENVIRONMENT, N_ALLOWED * (VALUE_SIZE + 64));
    snapshot_writer_map(writer, SNAPSHOT_ENVIRONMENT_VARIABLES, count);
    for (int i = 0; i < N_ALLOWED; i++) {
        if (found[i] == 0)
            continue;
        snapshot_writer_item(writer, ALLOWED_VARIABLES[i], text_length(ALLOWED_VARIABLES[i]));
        snapshot_writer_item(writer, buffer,
                             memory_string(&capture->memory, found[i], buffer, VALUE_SIZE));
    }
    snapshot_writer_end(writer);
}
