/* SPDX-License-Identifier: MIT */
/* Each kind of death, from a snapshot made by hand. */
#include "tests/unit/unit.h"

#include <signal.h>

#include "report/diagnose.h"

static struct snapshot_mapping mappings[] = {
    {.start = 0x400000,
     .end = 0x401000,
     .prot = SNAPSHOT_PROT_READ | SNAPSHOT_PROT_EXEC,
     .path = "/opt/p"},
    {.start = 0x500000, .end = 0x501000, .prot = SNAPSHOT_PROT_READ, .path = "/opt/p"},
    {.start = 0x600000,
     .end = 0x602000,
     .prot = SNAPSHOT_PROT_READ | SNAPSHOT_PROT_WRITE,
     .path = "/data/map"},
    {.start = 0x7f0000000000, .end = 0x7f0000001000, .prot = 0, .path = ""},
    {.start = 0x7f0000001000,
     .end = 0x7f0000801000,
     .prot = SNAPSHOT_PROT_READ | SNAPSHOT_PROT_WRITE,
     .path = ""},
};

struct fixture {
    struct snapshot snapshot;
    struct snapshot_thread thread;
    struct snapshot_memory code;
    uint8_t bytes[16];
    struct frame frames[8];
    struct stack stack;
    struct report_diagnosis diagnosis;
};

static void prepare(struct fixture *f, int number, int code, uint64_t address) {
    *f = (struct fixture){
        .snapshot = {.abort_text = "", .exception = {.type = "", .what = ""}},
        .thread = {.tid = 7, .crashed = true, .name = "worker", .known = ~UINT64_C(0)},
    };
    f->thread.registers[SNAPSHOT_REGISTER_RIP] = 0x400010;
    f->thread.registers[SNAPSHOT_REGISTER_RSP] = 0x7f0000700000;
    f->snapshot.signal = (struct snapshot_signal){.present = true,
                                                  .number = number,
                                                  .code = code,
                                                  .address = address,
                                                  .sender_comm = "",
                                                  .has_trap = true,
                                                  .trapno = 14,
                                                  .cr2 = address};
    f->snapshot.threads = &f->thread;
    f->snapshot.n_threads = 1;
    f->snapshot.mappings = mappings;
    f->snapshot.n_mappings = sizeof mappings / sizeof *mappings;
    f->stack.frames = f->frames;
}

static void instruction(struct fixture *f, const void *bytes, size_t size) {
    memcpy(f->bytes, bytes, size);
    f->code =
        (struct snapshot_memory){.address = 0x400010, .bytes = f->bytes, .size = sizeof f->bytes};
    f->snapshot.memory = &f->code;
    f->snapshot.n_memory = 1;
}

static void function(struct fixture *f, const char *name) {
    f->frames[f->stack.n_frames++].function = (char *)name;
}

static void expect(struct fixture *f, const char *kind, const char *type, const char *value) {
    struct diagnose_input input = {.snapshot = &f->snapshot, .stack = &f->stack, .self = 100};
    assert_int_equal(diagnose(&input, &f->diagnosis), 0);
    assert_string_equal(f->diagnosis.kind, kind);
    assert_string_equal(f->diagnosis.type, type);
    assert_string_equal(f->diagnosis.value, value);
    diagnosis_clear(&f->diagnosis);
}

static void null_pointer(void **state) {
    struct fixture f;
    prepare(&f, SIGSEGV, SEGV_MAPERR, 0x18);
    expect(&f, "null pointer", "SIGSEGV", "Null pointer dereference: read of address 0x18");
    prepare(&f, SIGSEGV, SEGV_MAPERR, 0x18);
    f.snapshot.signal.err = 2;
    instruction(&f, "\x89\x48\x18", 3); /* mov [rax+0x18], ecx */
    expect(
        &f, "null pointer", "SIGSEGV",
        "Null pointer dereference: write of address 0x18 (offset 24 from a null pointer in rax)");
}

static void wild_pointers(void **state) {
    struct fixture f;
    prepare(&f, SIGSEGV, SI_KERNEL, 0);
    f.snapshot.signal.trapno = 13;
    f.thread.registers[0] = UINT64_C(0x1234567812345678);
    instruction(&f, "\x48\x8b\x08", 3); /* mov rcx, [rax] */
    expect(&f, "wild pointer", "SIGSEGV",
           "Wild pointer: read of the non-canonical address 0x1234567812345678 (rax = "
           "0x1234567812345678)");
    f.thread.registers[0] = UINT64_C(0xdeadbeefdeadbeef);
    instruction(&f, "\x48\x8b\x48\x08", 4); /* mov rcx, [rax+8] */
    expect(&f, "freed memory", "SIGSEGV",
           "Use of freed or uninitialised memory: read of 0xdeadbeefdeadbef7 (fill pattern "
           "0xdeadbeef)");
    prepare(&f, SIGSEGV, SEGV_MAPERR, 0x1000000);
    expect(&f, "wild pointer", "SIGSEGV",
           "Wild pointer: read of address 0x1000000, nothing is mapped there");
    prepare(&f, SIGSEGV, SEGV_ACCERR, 0x500010);
    f.snapshot.signal.err = 2 | 1;
    expect(&f, "read-only memory", "SIGSEGV",
           "Write to read-only memory at 0x500010: in /opt/p, which is readable");
}

static void jumps(void **state) {
    struct fixture f;
    prepare(&f, SIGSEGV, SEGV_MAPERR, 0);
    f.thread.registers[SNAPSHOT_REGISTER_RIP] = 0;
    f.snapshot.signal.err = 16;
    expect(&f, "bad jump", "SIGSEGV", "Call through a null function pointer: jump to address 0x0");
    f.thread.registers[SNAPSHOT_REGISTER_RIP] = f.snapshot.signal.address = 0x600800;
    expect(&f, "bad jump", "SIGSEGV", "Jump to 0x600800, which is no code: it lies in /data/map");
}

static void stack_overflow(void **state) {
    struct fixture f;
    prepare(&f, SIGSEGV, SEGV_ACCERR, 0x7f0000000ff8);
    f.thread.registers[SNAPSHOT_REGISTER_RSP] = 0x7f0000001000;
    f.snapshot.signal.err = 2;
    for (int i = 0; i < 4; i++) {
        function(&f, "ping");
        function(&f, "pong");
    }
    struct diagnose_input input = {.snapshot = &f.snapshot, .stack = &f.stack, .self = 100};
    assert_int_equal(diagnose(&input, &f.diagnosis), 0);
    assert_string_equal(f.diagnosis.kind, "stack overflow");
    assert_string_equal(f.diagnosis.value, "Stack overflow in thread \"worker\"");
    assert_string_equal(f.diagnosis.detail, "endless recursion: ping < pong");
    diagnosis_clear(&f.diagnosis);
    for (size_t i = 1; i < f.stack.n_frames; i += 2) {
        f.stack.frames[i].function = NULL;
        f.stack.frames[i].module = -1;
        f.stack.frames[i].pc = 0x4711;
    }
    assert_int_equal(diagnose(&input, &f.diagnosis), 0);
    assert_string_equal(f.diagnosis.detail, "endless recursion: ping < 0x4711");
    diagnosis_clear(&f.diagnosis);
    /* A bad pointer into the guard while sp is far away is no overflow. */
    f.thread.registers[SNAPSHOT_REGISTER_RSP] = 0x7f0000700000;
    assert_int_equal(diagnose(&input, &f.diagnosis), 0);
    assert_string_equal(f.diagnosis.kind, "protected memory");
    diagnosis_clear(&f.diagnosis);
}

/* Since glibc 2.42 the guard lies in the mapping of the stack itself. */
static void installed_guard(void **state) {
    struct fixture f;
    prepare(&f, SIGSEGV, SEGV_MAPERR, 0x7f0000001ff8);
    f.thread.registers[SNAPSHOT_REGISTER_RSP] = 0x7f0000002000;
    f.snapshot.signal.err = 6;
    struct diagnose_input input = {.snapshot = &f.snapshot, .stack = &f.stack, .self = 100};
    assert_int_equal(diagnose(&input, &f.diagnosis), 0);
    assert_string_equal(f.diagnosis.kind, "stack overflow");
    diagnosis_clear(&f.diagnosis);
    f.thread.registers[SNAPSHOT_REGISTER_RSP] = 0x7f0000700000;
    assert_int_equal(diagnose(&input, &f.diagnosis), 0);
    assert_string_not_equal(f.diagnosis.kind, "stack overflow");
    diagnosis_clear(&f.diagnosis);
}

static void arithmetic(void **state) {
    struct fixture f;
    prepare(&f, SIGFPE, FPE_INTDIV, 0x400010);
    instruction(&f, "\xf7\xf9", 2); /* idiv ecx */
    expect(&f, "division by zero", "SIGFPE", "Integer division by zero");
    f.thread.registers[2] = UINT64_C(0xffffffff);
    expect(&f, "division overflow", "SIGFPE",
           "Integer division overflow: the quotient does not fit (smallest integer divided by -1)");
}

static void instructions(void **state) {
    struct fixture f;
    prepare(&f, SIGILL, ILL_ILLOPN, 0x400010);
    instruction(&f, "\x0f\x0b", 2);
    expect(&f, "illegal instruction", "SIGILL",
           "Trap instruction ud2: __builtin_trap, or code that the compiler holds for unreachable");
    prepare(&f, SIGTRAP, SI_KERNEL, 0);
    expect(&f, "breakpoint", "SIGTRAP",
           "Breakpoint trap: the program ran into int3 or __builtin_debugtrap");
    prepare(&f, SIGSYS, 1, 0x400010);
    f.snapshot.signal.syscall = 101;
    expect(&f, "forbidden system call", "SIGSYS",
           "Forbidden system call ptrace (101): a seccomp filter does not allow it");
}

static void bus(void **state) {
    struct fixture f;
    prepare(&f, SIGBUS, BUS_ADRERR, 0x601000);
    expect(
        &f, "beyond end of file", "SIGBUS",
        "Read of address 0x601000 beyond the end of the mapped file /data/map (it was truncated, "
        "or its disk failed)");
}

static void aborts(void **state) {
    struct fixture f;
    prepare(&f, SIGABRT, SI_TKILL, 0);
    f.snapshot.signal.sender_pid = 100;
    f.snapshot.abort_text = "p: p.c:3: main: Assertion `a && \"x' failed.\"' failed.\n";
    expect(&f, "assertion", "Assertion failed", "a && \"x' failed.\"");
    f.snapshot.abort_text = "free(): double free detected in tcache 2\n";
    expect(&f, "heap corruption", "heap corruption", "free(): double free detected in tcache 2");
    f.snapshot.abort_text = "*** stack smashing detected ***: terminated\n";
    expect(&f, "stack smashing", "stack smashing", "*** stack smashing detected ***: terminated");
    f.snapshot.abort_text = "*** buffer overflow detected ***: terminated\n";
    expect(&f, "buffer overflow", "buffer overflow",
           "*** buffer overflow detected ***: terminated");
    f.snapshot.abort_text = "";
    function(&f, "raise");
    function(&f, "abort");
    function(&f, "give_up");
    expect(&f, "abort", "SIGABRT", "Deliberate abort: abort() called by give_up");
    /* An exception that is only being handled is not the cause. */
    f.snapshot.exception.present = true;
    f.snapshot.exception.type = "St13runtime_error";
    f.snapshot.exception.what = "no such order";
    expect(&f, "abort", "SIGABRT", "Deliberate abort: abort() called by give_up");
    function(&f, "std::terminate");
    expect(&f, "uncaught exception", "std::runtime_error", "no such order");
    f.snapshot.exception.what = "";
    expect(&f, "uncaught exception", "std::runtime_error", "uncaught exception without a message");
    prepare(&f, SIGABRT, SI_TKILL, 0);
    function(&f, "abort");
    function(&f, "std::process::abort");
    function(&f, "__rustc::rust_panic");
    function(&f, "give_up");
    expect(&f, "abort", "SIGABRT", "Rust panic; its message went to standard error");
}

static void sanitizers(void **state) {
    struct fixture f;
    static const struct {
        const char *line, *kind;
    } undefined[] = {
        {"a.c:3:7: runtime error: signed integer overflow: 2147483647 + 1 cannot be represented in "
         "type 'int'",
         "UndefinedBehaviorSanitizer: signed-integer-overflow"},
        {"a.c:3:7: runtime error: division by zero",
         "UndefinedBehaviorSanitizer: integer-divide-by-zero"},
        {"a.c:3:7: runtime error: load of null pointer of type 'int'",
         "UndefinedBehaviorSanitizer: null-pointer-use"},
        {"a.c:3:7: runtime error: null pointer passed as argument 1, which is declared to never be "
         "null",
         "UndefinedBehaviorSanitizer: invalid-null-argument"},
        {"a.c:3:7: runtime error: index 5 out of bounds for type 'int [4]'",
         "UndefinedBehaviorSanitizer: out-of-bounds-index"},
        {"a.c:3:7: runtime error: something new", "UndefinedBehaviorSanitizer: undefined-behavior"},
    };
    prepare(&f, SIGSEGV, SEGV_MAPERR, 0);
    f.snapshot.sanitizer.present = true;
    f.snapshot.sanitizer.name = "AddressSanitizer";
    f.snapshot.sanitizer.kind = "heap-use-after-free";
    f.snapshot.sanitizer.text = "==7==ERROR: AddressSanitizer: heap-use-after-free on address "
                                "0x602000000014\nREAD of size 4\n";
    expect(&f, "sanitizer", "AddressSanitizer: heap-use-after-free",
           "heap-use-after-free on address 0x602000000014");
    f.snapshot.signal.present = false;
    f.snapshot.sanitizer.kind = f.snapshot.sanitizer.text = "";
    expect(&f, "sanitizer", "AddressSanitizer: error",
           "the report of AddressSanitizer was not captured");
    f.snapshot.sanitizer.name = "UndefinedBehaviorSanitizer";
    f.snapshot.sanitizer.kind = "undefined-behavior";
    for (size_t i = 0; i < sizeof undefined / sizeof *undefined; i++) {
        f.snapshot.sanitizer.text = undefined[i].line;
        expect(&f, "sanitizer", undefined[i].kind, undefined[i].line);
    }
}

static void sent(void **state) {
    struct fixture f;
    prepare(&f, SIGSEGV, SI_USER, 0);
    f.snapshot.signal.sender_pid = 702;
    f.snapshot.signal.sender_uid = 1000;
    f.snapshot.signal.sender_comm = "killer";
    expect(&f, "sent signal", "SIGSEGV", "SIGSEGV sent by process 702 (killer) of user 1000");
    f.snapshot.signal.sender_pid = 100;
    expect(&f, "raised signal", "SIGSEGV", "SIGSEGV raised by the process itself");
}

static void nothing_known(void **state) {
    struct fixture f;
    prepare(&f, 0, 0, 0);
    f.snapshot.signal.present = false;
    f.snapshot.n_threads = 0;
    expect(&f, "unknown", "Crash", "Unknown: the snapshot ends before the signal");
}

RUN_TESTS("diagnose", cmocka_unit_test(null_pointer), cmocka_unit_test(wild_pointers),
          cmocka_unit_test(jumps), cmocka_unit_test(stack_overflow),
          cmocka_unit_test(installed_guard), cmocka_unit_test(arithmetic),
          cmocka_unit_test(instructions), cmocka_unit_test(bus), cmocka_unit_test(aborts),
          cmocka_unit_test(sanitizers), cmocka_unit_test(sent), cmocka_unit_test(nothing_known))
