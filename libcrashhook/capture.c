/* SPDX-License-Identifier: MIT */
/*
 * What is captured, in which order: the most important first, so that a snapshot that ends early
 * is still a report. Async-signal-safe; runs in the helper, or in line where there is none.
 */
#include "libcrashhook/capture.h"

#include <sys/prctl.h>

#include "libcrashhook/abort.h"
#include "libcrashhook/dontdump.h"
#include "libcrashhook/globals.h"
#include "libcrashhook/hook.h"
#include "libcrashhook/images.h"
#include "libcrashhook/linkmap.h"
#include "libcrashhook/message.h"
#include "libcrashhook/pointed.h"
#include "libcrashhook/process.h"
#include "libcrashhook/sanitizer.h"
#include "libcrashhook/scope.h"
#include "libcrashhook/stacks.h"
#include "libcrashhook/storm.h"
#include "libcrashhook/syscalls.h"
#include "libcrashhook/text.h"

_Static_assert((int)CAPTURE_SCRATCH_SIZE >= (int)MODULES_BUFFER_SIZE, "modules are read there");

enum {
    BUFFER_SIZE = 192 * 1024,
    SMALL_BUFFER_SIZE = SNAPSHOT_WRITER_BUFFER_MIN,
    FEW_THREADS = 4, /* with no more, the snapshot fits into a pipe as it comes */
    FEW_MAPPINGS = 300,
    CODE_BEFORE = 32,
    CODE_SIZE = 64,
    NANOSECONDS = 1000000000,
};

static uint64_t nanoseconds(const struct timespec *time) {
    return (uint64_t)time->tv_sec * NANOSECONDS + (uint64_t)time->tv_nsec;
}

void capture_string(struct capture *capture, unsigned key, const char *text) {
    snapshot_writer_str(&capture->writer, key, text, text_length(text));
}

bool capture_has_room(const struct capture *capture, uint64_t size) {
    return capture->writer.written + capture->writer.used + size <= CAPTURE_BUDGET;
}

size_t capture_memory(struct capture *capture, enum snapshot_memory_kind kind, int tid,
                      uint64_t address, uint64_t size) {
    struct snapshot_writer *writer = &capture->writer;
    size_t total = 0;

    if (dontdump_covers(address, size)) {
        capture->dropped_memory += size;
        return 0;
    }
    while (size > 0) {
        size_t part = size < SNAPSHOT_WRITER_BIN_MAX ? size : SNAPSHOT_WRITER_BIN_MAX, got = 0;
        uint8_t *bytes;
        if (!capture_has_room(capture, part)) {
            capture->dropped_memory += size;
            break;
        }
        snapshot_writer_begin(writer, SNAPSHOT_SECTION_MEMORY, part);
        snapshot_writer_uint(writer, SNAPSHOT_MEMORY_ADDRESS, address);
        snapshot_writer_uint(writer, SNAPSHOT_MEMORY_KIND, kind);
        if (tid != 0)
            snapshot_writer_uint(writer, SNAPSHOT_MEMORY_TID, (uint64_t)tid);
        bytes = snapshot_writer_bin_reserve(writer, SNAPSHOT_MEMORY_BYTES, part);
        if (bytes != NULL)
            got = memory_read(&capture->memory, address, bytes, part);
        snapshot_writer_bin_commit(writer, part, got);
        writer->overflow = writer->overflow || got == 0;
        snapshot_writer_end(writer);
        total += got;
        if (got < part)
            break;
        address += part;
        size -= part;
    }
    return total;
}

static void write_header(struct capture *capture) {
    struct snapshot_writer *writer = &capture->writer;

    snapshot_writer_begin(writer, SNAPSHOT_SECTION_HEADER, 256);
    capture_string(capture, SNAPSHOT_HEADER_MAGIC, "crashd-snapshot");
    snapshot_writer_uint(writer, SNAPSHOT_HEADER_VERSION, SNAPSHOT_VERSION);
    capture_string(capture, SNAPSHOT_HEADER_WRITER, "libcrashhook " CRASHD_VERSION);
    capture_string(capture, SNAPSHOT_HEADER_ARCH, ARCH_NAME);
    snapshot_writer_uint(writer, SNAPSHOT_HEADER_TIME, nanoseconds(&capture->time));
    snapshot_writer_uint(writer, SNAPSHOT_HEADER_UPTIME, nanoseconds(&capture->uptime));
    snapshot_writer_uint(writer, SNAPSHOT_HEADER_PAGE_SIZE, hook_settings.page_size);
    if (capture->request.cause_first)
        snapshot_writer_bool(writer, SNAPSHOT_HEADER_CAUSE_FIRST, true);
    if (capture->request.handled) {
        snapshot_writer_bool(writer, SNAPSHOT_HEADER_HANDLED, true);
        snapshot_writer_uint(writer, SNAPSHOT_HEADER_EXIT_STATUS,
                             (uint64_t)capture->request.exit_status & 0xff);
    }
    snapshot_writer_end(writer);
}

static bool has_address(int signal) {
    return signal == SIGSEGV || signal == SIGBUS || signal == SIGILL || signal == SIGFPE ||
           signal == SIGTRAP;
}

static void write_sender(struct capture *capture, const siginfo_t *info) {
    char path[PROCFS_PATH_SIZE], name[32];
    long length;

    snapshot_writer_uint(&capture->writer, SNAPSHOT_SIGNAL_SENDER_PID, (uint64_t)info->si_pid);
    snapshot_writer_uint(&capture->writer, SNAPSHOT_SIGNAL_SENDER_UID, info->si_uid);
    if (info->si_pid <= 0 || info->si_pid == capture->pid)
        return;
    procfs_find(info->si_pid, path);
    length = procfs_read(path, "comm", name, sizeof name);
    if (length > 1)
        snapshot_writer_str(&capture->writer, SNAPSHOT_SIGNAL_SENDER_COMM, name,
                            (size_t)length - 1);
}

static void write_signal(struct capture *capture) {
    struct snapshot_writer *writer = &capture->writer;
    const struct cause *cause = capture->request.cause;
    const siginfo_t *info = &cause->info;

    snapshot_writer_begin(writer, SNAPSHOT_SECTION_SIGNAL, 512);
    snapshot_writer_uint(writer, SNAPSHOT_SIGNAL_NUMBER, (uint64_t)info->si_signo);
    snapshot_writer_int(writer, SNAPSHOT_SIGNAL_CODE, info->si_code);
    snapshot_writer_int(writer, SNAPSHOT_SIGNAL_ERRNO, info->si_errno);
    if (info->si_code > 0 && has_address(info->si_signo)) {
        snapshot_writer_uint(writer, SNAPSHOT_SIGNAL_ADDRESS, (uint64_t)info->si_addr);
    } else if (info->si_code > 0 && info->si_signo == SIGSYS) {
        snapshot_writer_uint(writer, SNAPSHOT_SIGNAL_ADDRESS, (uint64_t)info->si_call_addr);
        snapshot_writer_uint(writer, SNAPSHOT_SIGNAL_SYSCALL, (unsigned)info->si_syscall);
    } else if (info->si_code <= 0) {
        write_sender(capture, info);
    }
    if (info->si_code > 0) {
        snapshot_writer_uint(writer, SNAPSHOT_SIGNAL_TRAPNO, cause->trap.number);
        snapshot_writer_uint(writer, SNAPSHOT_SIGNAL_ERR, cause->trap.error);
        snapshot_writer_uint(writer, SNAPSHOT_SIGNAL_CR2, cause->trap.address);
    }
    if (capture->request.final_signal != info->si_signo)
        snapshot_writer_uint(writer, SNAPSHOT_SIGNAL_FINAL_NUMBER,
                             (uint64_t)capture->request.final_signal);
    snapshot_writer_end(writer);
}

static void write_end(struct capture *capture) {
    struct snapshot_writer *writer = &capture->writer;
    struct timespec now = {0};

    sys(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
    snapshot_writer_begin(writer, SNAPSHOT_SECTION_END, 256);
    snapshot_writer_uint(writer, SNAPSHOT_END_PAUSE,
                         nanoseconds(&now) - nanoseconds(&capture->began));
    if (capture->dropped_memory > 0)
        snapshot_writer_uint(writer, SNAPSHOT_END_DROPPED_MEMORY, capture->dropped_memory);
    if (capture->dropped_threads + capture->threads.unlisted > 0)
        snapshot_writer_uint(writer, SNAPSHOT_END_DROPPED_THREADS,
                             capture->dropped_threads + capture->threads.unlisted);
    if (capture->modules.dropped > 0)
        snapshot_writer_uint(writer, SNAPSHOT_END_DROPPED_MODULES, capture->modules.dropped);
    if (capture->note != NULL)
        capture_string(capture, SNAPSHOT_END_NOTE, capture->note);
    snapshot_writer_end(writer);
}

static void write_code(struct capture *capture) {
    uint64_t pc = capture->request.cause->registers[SNAPSHOT_REGISTER_RIP];

    capture_memory(capture, SNAPSHOT_MEMORY_KIND_CODE, 0, pc - CODE_BEFORE, CODE_SIZE);
}

/* A part that fails, because the process is in a state that nobody has thought of, is left out. */
static void part(struct capture *capture, void (*write)(struct capture *capture)) {
    if (guard_run(&capture->guard, (void (*)(void *))(void *)write, capture))
        return;
    snapshot_writer_cancel(&capture->writer);
    capture->note = capture->guard.late ? "there was no time for all of the report"
                                        : "a part of the report could not be made";
}

static void write_sections(struct capture *capture) {
    part(capture, write_header);
    part(capture, process_write);
    part(capture, capture->request.sanitizer ? sanitizer_write_signal : write_signal);
    part(capture, stacks_write_crashed);
    if (!capture->secret)
        part(capture, write_code);
    part(capture, images_write);
    if (!capture->secret) {
        if (capture->request.sanitizer) {
            part(capture, sanitizer_write);
        } else {
            part(capture, message_write_abort);
            part(capture, message_write_exception);
        }
        part(capture, process_write_environment);
        part(capture, scope_write);
    }
    part(capture, stacks_write_others);
    if (!capture->secret) {
        /* Pointers lead anywhere, even to where reading never ends. */
        snapshot_writer_flush(&capture->writer);
        part(capture, pointed_write);
        part(capture, globals_write);
        part(capture, images_write_contents);
    }
    write_end(capture);
    snapshot_writer_flush(&capture->writer);
}

/* A program that passes on the death of its child forbids its own core first. An abort() of a
 * program that has changed its user looks the same but for the frame of abort(). */
static bool may_be_copy(struct capture *capture) {
    const struct cause *cause = capture->request.cause;
    uint64_t *words = (uint64_t *)capture->scratch;
    uint64_t sp = cause->registers[SNAPSHOT_REGISTER_RSP] & ~(uint64_t)7;
    size_t size;

    if (capture->dumpable != 0 || cause->info.si_code > 0 || cause->info.si_pid != capture->pid)
        return false;
    size = memory_read(&capture->memory, sp, words, ABORT_STACK_WORDS * sizeof *words);
    return !abort_returns_to(words, size / sizeof *words);
}

/* What takes a look at memory. */
static void fill_doubtful(struct capture *capture) {
    capture->hello.storm_key = storm_key(capture);
    if (may_be_copy(capture))
        capture->hello.flags |= HANDSHAKE_FLAG_PROXY_DEATH;
}

static void identify_modules(struct capture *capture) {
    modules_identify_all(&capture->modules, &capture->memory, capture->scratch);
}

static void fill_hello(struct capture *capture) {
    const siginfo_t *info = &capture->request.cause->info;

    capture->hello = (struct handshake_hello){
        .magic = HANDSHAKE_MAGIC,
        .version = HANDSHAKE_VERSION,
        .size = sizeof capture->hello,
        .flags = (capture->secret ? HANDSHAKE_FLAG_SECURE : 0) |
                 (capture->in_helper ? HANDSHAKE_FLAG_HELPER : 0),
        .pid = (uint32_t)capture->pid,
        .tid = (uint32_t)capture->request.tid,
        .signal = (uint32_t)info->si_signo,
        .threads = capture->threads.n_all,
        .budget = CAPTURE_BUDGET,
    };
    text_copy(capture->hello.run_id, hook_settings.run_id, sizeof capture->hello.run_id);
}

static void say_lost(const struct capture *capture) {
    char line[128];
    struct text text = text_in(line, sizeof line);

    text_add(&text, "crashhook: signal ");
    text_add_number(&text, (uint64_t)capture->request.final_signal);
    text_add(&text, " in pid ");
    text_add_number(&text, (uint64_t)capture->pid);
    text_add(&text, " is not reported: no crashd answers\n");
    sys(SYS_write, 2, line, text.length);
}

/* The mappings and the modules, by the kernel's word or else by the dynamic linker's. */
static void find_images(struct capture *capture) {
    struct arena *arena = &capture->arena;

    if (maps_read(&capture->maps, arena) < 0 || capture->maps.count == 0) {
        capture->note = "/proc could not be read";
        linkmap_read(&capture->maps, arena, &capture->memory);
    }
    modules_find(&capture->modules, arena, &capture->maps);
}

void capture_run(struct capture *capture) {
    uint64_t deadline = nanoseconds(&capture->began) + (uint64_t)hook_settings.timeout_ms * 1000000;
    struct arena *arena = &capture->arena;
    bool large;
    size_t buffer_size = BUFFER_SIZE;
    uint8_t *buffer;

    channel_connect(&capture->channel, deadline);
    memory_init(&capture->memory, arena);
    procfs_find(capture->pid, capture->proc);
    threads_freeze(&capture->threads, arena, capture->proc, capture->pid, capture->request.tid);
    channel_connect_slowly(&capture->channel);
    capture->dumpable = sandbox_dumpable();
    capture->secret = hook_settings.secure || capture->dumpable != 1;
    if (arena->left < 4 * BUFFER_SIZE)
        buffer_size = SMALL_BUFFER_SIZE;
    capture->scratch = arena_take(arena, CAPTURE_SCRATCH_SIZE);
    if (capture->scratch == NULL || arena->left < buffer_size)
        return;
    /* The buffer comes last, since only its beginning is used by most, but it comes. */
    arena->left -= buffer_size;
    part(capture, find_images);
    arena->left += buffer_size;
    buffer = arena_take(arena, buffer_size);
    fill_hello(capture);
    part(capture, fill_doubtful);
    large = capture->threads.n_all > FEW_THREADS || capture->maps.count > FEW_MAPPINGS;
    if (!channel_begin(&capture->channel, &capture->hello, &capture->time, large)) {
        if (hook_settings.verbose)
            say_lost(capture);
        return;
    }
    part(capture, identify_modules);
    snapshot_writer_init(&capture->writer, buffer, buffer_size, channel_write, &capture->channel);
    write_sections(capture);
    channel_close(&capture->channel);
}
