/* SPDX-License-Identifier: MIT */
/*
 * The one table of the snapshot format. Writer, reader and docs/snapshot-format.md are all made
 * from it.
 *
 * A snapshot is a sequence of msgpack objects
 * (https://github.com/msgpack/msgpack/blob/master/spec.md) without any framing. Every object is a
 * section: the array [section, {key: value, ...}], both section and keys being small unsigned
 * integers from the tables below. Sections stand in the order of their importance and refer to each
 * other only by value, so that a snapshot cut at any byte still is a report: what follows the cut
 * is missing, nothing else. A reader skips sections and keys that it does not know. Numbers are
 * never reused.
 *
 * Types: uint (msgpack positive integer), int (any integer), bool, str (UTF-8 expected, not
 * promised), bin, u64s (array of uint), strs (array of str), map (map of str to str).
 */
#ifndef SNAPSHOT_FIELDS_H
#define SNAPSHOT_FIELDS_H

enum { SNAPSHOT_VERSION = 1 };

/* X(number, NAME, name, may it occur more than once, description) */
#define SNAPSHOT_SECTIONS(X)                                                                       \
    X(1, HEADER, header, 0, "first section: what wrote this, and when")                            \
    X(2, PROCESS, process, 0, "the process that died, as it saw itself")                           \
    X(3, SIGNAL, signal, 0, "the signal it died of")                                               \
    X(4, THREAD, thread, 1, "a thread; the crashed one comes first")                               \
    X(5, MEMORY, memory, 1, "a range of memory")                                                   \
    X(6, MODULE, module, 1, "an ELF image in memory")                                              \
    X(7, MAPPING, mapping, 1, "a line of /proc/self/maps")                                         \
    X(8, ABORT, abort, 0, "glibc's abort message (__abort_msg)")                                   \
    X(9, EXCEPTION, exception, 0, "the C++ exception in flight or being handled")                  \
    X(10, SANITIZER, sanitizer, 0, "a sanitizer's report")                                         \
    X(11, ENVIRONMENT, environment, 0, "environment variables on the allowed list")                \
    X(12, SCOPE, scope, 0, "what the program itself said through crashhook.h")                     \
    X(13, END, end, 0, "last section: the snapshot is complete; what was left out on purpose")     \
    X(14, BREADCRUMB, breadcrumb, 1, "what the program said it did (crashhook.h), oldest first")   \
    X(15, CONTEXT, context, 1, "facts that the program gave under a heading (crashhook.h)")

/* X(key, NAME, name, type, description) for each section */
#define SNAPSHOT_HEADER_FIELDS(X)                                                                  \
    X(1, MAGIC, magic, str, "always \"crashd-snapshot\"")                                          \
    X(2, VERSION, version, uint, "format version, now 1; a reader refuses a higher one")           \
    X(3, WRITER, writer, str, "name and version of the writer, \"libcrashhook 0.1.0\"")            \
    X(4, ARCH, arch, str, "\"x86_64\"; names the register order")                                  \
    X(5, TIME, time, uint, "time of the signal, nanoseconds since 1970 UTC (CLOCK_REALTIME)")      \
    X(6, UPTIME, uptime, uint, "nanoseconds since boot at the signal (CLOCK_BOOTTIME)")            \
    X(7, PAGE_SIZE, page_size, uint, "bytes")                                                      \
    X(8, CAUSE_FIRST, cause_first, bool,                                                           \
      "the signal section is the first fault that the program's own handler was given, not the "   \
      "signal that ended the process")                                                             \
    X(9, HANDLED, handled, bool,                                                                   \
      "no signal ended the process: the program's handler did, by exit")                           \
    X(10, EXIT_STATUS, exit_status, uint, "with this status (handled)")

#define SNAPSHOT_PROCESS_FIELDS(X)                                                                 \
    X(1, PID, pid, uint, "in the process's own pid namespace")                                     \
    X(2, PPID, ppid, uint, "")                                                                     \
    X(3, UID, uid, uint, "real")                                                                   \
    X(4, EUID, euid, uint, "effective")                                                            \
    X(5, GID, gid, uint, "real")                                                                   \
    X(6, EGID, egid, uint, "effective")                                                            \
    X(7, EXE, exe, str, "target of /proc/self/exe, \" (deleted)\" included")                       \
    X(8, COMM, comm, str, "name of the main thread")                                               \
    X(9, ARGS, args, strs, "argv; at most 4 KiB in all")                                           \
    X(10, CWD, cwd, str, "")                                                                       \
    X(11, START, start, uint, "start of the process, clock ticks after boot (proc(5), stat 22)")   \
    X(12, SECURE, secure, bool, "AT_SECURE: runs with raised privileges")                          \
    X(13, DUMPABLE, dumpable, uint, "prctl(PR_GET_DUMPABLE)")                                      \
    X(14, TRACER, tracer, uint, "pid of a tracer (TracerPid), 0 if none")                          \
    X(15, LIBC, libc, str, "\"glibc 2.36\" or \"musl\"")                                           \
    X(16, THREADS, threads, uint, "number of threads at the signal")

#define SNAPSHOT_SIGNAL_FIELDS(X)                                                                  \
    X(1, NUMBER, number, uint, "si_signo")                                                         \
    X(2, CODE, code, int, "si_code")                                                               \
    X(3, ERRNO, errnum, int, "si_errno")                                                           \
    X(4, ADDRESS, address, uint, "si_addr, for SEGV BUS ILL FPE TRAP; si_call_addr for SYS")       \
    X(5, SENDER_PID, sender_pid, uint, "si_pid, when code <= 0")                                   \
    X(6, SENDER_UID, sender_uid, uint, "si_uid, when code <= 0")                                   \
    X(7, TRAPNO, trapno, uint, "x86: exception vector (gregs[REG_TRAPNO])")                        \
    X(8, ERR, err, uint, "x86: error code (gregs[REG_ERR]); bit 1 write, bit 4 instruction")       \
    X(9, CR2, cr2, uint, "x86: faulting address (gregs[REG_CR2])")                                 \
    X(10, SYSCALL, syscall, uint, "SYS: number of the forbidden call")                             \
    X(11, SENDER_COMM, sender_comm, str, "name of the sender, when it still lived")                \
    X(12, FINAL_NUMBER, final_number, uint,                                                        \
      "the signal that ends the process, where it differs from number (cause_first)")

#define SNAPSHOT_THREAD_FIELDS(X)                                                                  \
    X(1, TID, tid, uint, "in the process's own pid namespace")                                     \
    X(2, NAME, name, str, "/proc/self/task/TID/comm without the newline")                          \
    X(3, CRASHED, crashed, bool, "")                                                               \
    X(4, STATE, state, str, "letter of /proc/self/task/TID/stat, for the others")                  \
    X(5, REGISTERS, registers, u64s,                                                               \
      "x86_64: DWARF order rax rdx rcx rbx rsi rdi rbp rsp r8..r15 rip, then rflags fs_base "      \
      "gs_base")                                                                                   \
    X(6, KNOWN, known, uint, "bit n set: registers[n] is known; absent: all")                      \
    X(7, MISSING, missing, str, "why registers or stack could not be had")                         \
    X(8, SYSCALL, syscall, uint, "number of the call it is blocked in")                            \
    X(9, STACK_LIMIT, stack_limit, uint, "end (highest address) of the mapping that holds sp")     \
    X(10, VECTORS, vectors, bin, "of the crashed one; x86_64: xmm0 to xmm15, 16 bytes each")

#define SNAPSHOT_MEMORY_FIELDS(X)                                                                  \
    X(1, ADDRESS, address, uint, "")                                                               \
    X(2, KIND, kind, uint, "see memory kinds")                                                     \
    X(3, TID, tid, uint, "owner of a stack")                                                       \
    X(4, BYTES, bytes, bin, "the memory")

#define SNAPSHOT_MODULE_FIELDS(X)                                                                  \
    X(1, PATH, path, str, "as in maps, \" (deleted)\" included; \"[vdso]\"")                       \
    X(2, BASE, base, uint, "address of the ELF header (mapping of file offset 0)")                 \
    X(3, END, end, uint, "end of its last mapping")                                                \
    X(4, BUILD_ID, build_id, bin, "NT_GNU_BUILD_ID as read from memory")                           \
    X(5, BIAS, bias, uint, "load bias: address in memory minus p_vaddr")                           \
    X(6, DEVICE, device, uint, "major << 32 | minor of the mapped file")                           \
    X(7, INODE, inode, uint, "")                                                                   \
    X(8, FLAGS, flags, uint, "1 deleted, 2 replaced on disk, 4 no ELF header in memory")           \
    X(9, PACKAGE_NOTE, package_note, str,                                                          \
      ".note.package (FDO, type 0xcafe1a7e) as read from memory")

#define SNAPSHOT_MAPPING_FIELDS(X)                                                                 \
    X(1, START, start, uint, "")                                                                   \
    X(2, END, end, uint, "")                                                                       \
    X(3, PROT, prot, uint, "1 read, 2 write, 4 execute, 8 shared")                                 \
    X(4, OFFSET, offset, uint, "in the file, bytes")                                               \
    X(5, INODE, inode, uint, "")                                                                   \
    X(6, PATH, path, str, "as in maps; absent for anonymous memory")

#define SNAPSHOT_ABORT_FIELDS(X) X(1, TEXT, text, str, "at most 8 KiB")

#define SNAPSHOT_EXCEPTION_FIELDS(X)                                                               \
    X(1, TYPE, type, str, "mangled name of the type (std::type_info::name)")                       \
    X(2, WHAT, what, str, "what(), for classes that keep it where the standard ones do")           \
    X(3, CAUGHT, caught, bool, "a catch block was entered: it was being handled")                  \
    X(4, UNCAUGHT, uncaught, uint, "std::uncaught_exceptions()")

#define SNAPSHOT_SANITIZER_FIELDS(X)                                                               \
    X(1, NAME, name, str, "AddressSanitizer, ...")                                                 \
    X(2, KIND, kind, str, "heap-use-after-free, ...")                                              \
    X(3, TEXT, text, str, "the report")

#define SNAPSHOT_ENVIRONMENT_FIELDS(X) X(1, VARIABLES, variables, map, "name to value")

#define SNAPSHOT_SCOPE_FIELDS(X)                                                                   \
    X(1, RELEASE, release, str, "")                                                                \
    X(2, ENVIRONMENT, environment, str, "")                                                        \
    X(3, TAGS, tags, map, "")                                                                      \
    X(4, USER, user, map, "")                                                                      \
    X(5, FINGERPRINT, fingerprint, strs, "")

#define SNAPSHOT_END_FIELDS(X)                                                                     \
    X(1, PAUSE, pause, uint, "nanoseconds from the signal to this section")                        \
    X(2, DROPPED_MEMORY, dropped_memory, uint, "bytes left out to stay in the budget")             \
    X(3, DROPPED_THREADS, dropped_threads, uint, "threads without a stack for that reason")        \
    X(4, DROPPED_MODULES, dropped_modules, uint, "")                                               \
    X(5, NOTE, note, str, "anything a reader of the report should know about the capture")

#define SNAPSHOT_BREADCRUMB_FIELDS(X)                                                              \
    X(1, TIME, time, uint, "nanoseconds since 1970 UTC (CLOCK_REALTIME)")                          \
    X(2, LEVEL, level, str, "debug, info, warning, error or fatal")                                \
    X(3, CATEGORY, category, str, "")                                                              \
    X(4, MESSAGE, message, str, "")                                                                \
    X(5, DATA, data, map, "")

#define SNAPSHOT_CONTEXT_FIELDS(X)                                                                 \
    X(1, NAME, name, str, "the heading")                                                           \
    X(2, VALUES, values, map, "")

/* X(number, NAME, description) */
#define SNAPSHOT_MEMORY_KINDS(X)                                                                   \
    X(1, STACK, "stack from sp upwards")                                                           \
    X(2, STACK_BASE, "outermost part of a stack whose middle was left out")                        \
    X(3, INTERRUPTED, "stack that was interrupted by a signal handled on an alternate stack")      \
    X(4, CODE, "around the program counter")                                                       \
    X(5, VDSO, "the whole image: there is no file for it")                                         \
    X(6, UNWIND, ".eh_frame_hdr or .eh_frame of a module whose file is gone")                      \
    X(7, SYMBOLS, ".dynsym or .dynstr of a module whose file is gone")                             \
    X(8, POINTED, "behind a register or a word of the stack, or behind a pointer found there")     \
    X(9, GLOBALS, "static variables of the program, thread-local ones of the crashed thread")

enum snapshot_section {
#define X(number, NAME, name, many, text) SNAPSHOT_SECTION_##NAME = number,
    SNAPSHOT_SECTIONS(X)
#undef X
};

enum snapshot_memory_kind {
#define X(number, NAME, text) SNAPSHOT_MEMORY_KIND_##NAME = number,
    SNAPSHOT_MEMORY_KINDS(X)
#undef X
};

/* SNAPSHOT_PROCESS_PID and so on. */
#define SNAPSHOT_KEYS(SECTION)                                enum { SNAPSHOT_##SECTION##_FIELDS(SNAPSHOT_KEY_##SECTION) }
#define SNAPSHOT_KEY_HEADER(key, NAME, name, type, text)      SNAPSHOT_HEADER_##NAME = key,
#define SNAPSHOT_KEY_PROCESS(key, NAME, name, type, text)     SNAPSHOT_PROCESS_##NAME = key,
#define SNAPSHOT_KEY_SIGNAL(key, NAME, name, type, text)      SNAPSHOT_SIGNAL_##NAME = key,
#define SNAPSHOT_KEY_THREAD(key, NAME, name, type, text)      SNAPSHOT_THREAD_##NAME = key,
#define SNAPSHOT_KEY_MEMORY(key, NAME, name, type, text)      SNAPSHOT_MEMORY_##NAME = key,
#define SNAPSHOT_KEY_MODULE(key, NAME, name, type, text)      SNAPSHOT_MODULE_##NAME = key,
#define SNAPSHOT_KEY_MAPPING(key, NAME, name, type, text)     SNAPSHOT_MAPPING_##NAME = key,
#define SNAPSHOT_KEY_ABORT(key, NAME, name, type, text)       SNAPSHOT_ABORT_##NAME = key,
#define SNAPSHOT_KEY_EXCEPTION(key, NAME, name, type, text)   SNAPSHOT_EXCEPTION_##NAME = key,
#define SNAPSHOT_KEY_SANITIZER(key, NAME, name, type, text)   SNAPSHOT_SANITIZER_##NAME = key,
#define SNAPSHOT_KEY_ENVIRONMENT(key, NAME, name, type, text) SNAPSHOT_ENVIRONMENT_##NAME = key,
#define SNAPSHOT_KEY_SCOPE(key, NAME, name, type, text)       SNAPSHOT_SCOPE_##NAME = key,
#define SNAPSHOT_KEY_END(key, NAME, name, type, text)         SNAPSHOT_END_##NAME = key,
#define SNAPSHOT_KEY_BREADCRUMB(key, NAME, name, type, text)  SNAPSHOT_BREADCRUMB_##NAME = key,
#define SNAPSHOT_KEY_CONTEXT(key, NAME, name, type, text)     SNAPSHOT_CONTEXT_##NAME = key,
SNAPSHOT_KEYS(HEADER);
SNAPSHOT_KEYS(PROCESS);
SNAPSHOT_KEYS(SIGNAL);
SNAPSHOT_KEYS(THREAD);
SNAPSHOT_KEYS(MEMORY);
SNAPSHOT_KEYS(MODULE);
SNAPSHOT_KEYS(MAPPING);
SNAPSHOT_KEYS(ABORT);
SNAPSHOT_KEYS(EXCEPTION);
SNAPSHOT_KEYS(SANITIZER);
SNAPSHOT_KEYS(ENVIRONMENT);
SNAPSHOT_KEYS(SCOPE);
SNAPSHOT_KEYS(END);
SNAPSHOT_KEYS(BREADCRUMB);
SNAPSHOT_KEYS(CONTEXT);

enum {
    SNAPSHOT_REGISTER_COUNT = 20,
    SNAPSHOT_REGISTER_RBX = 3,
    SNAPSHOT_REGISTER_RBP = 6,
    SNAPSHOT_REGISTER_RSP = 7,
    SNAPSHOT_REGISTER_RIP = 16,
    SNAPSHOT_REGISTER_RFLAGS = 17,
    SNAPSHOT_REGISTER_FS_BASE = 18,
    SNAPSHOT_REGISTER_GS_BASE = 19,
    SNAPSHOT_VECTORS = 16,
    SNAPSHOT_VECTOR_SIZE = 16,
};

enum {
    SNAPSHOT_PROT_READ = 1,
    SNAPSHOT_PROT_WRITE = 2,
    SNAPSHOT_PROT_EXEC = 4,
    SNAPSHOT_PROT_SHARED = 8,
};

enum {
    SNAPSHOT_MODULE_DELETED = 1,
    SNAPSHOT_MODULE_REPLACED = 2,
    SNAPSHOT_MODULE_NO_HEADER = 4,
};

#endif
