/* SPDX-License-Identifier: MIT */
/* The walk over a snapshot that the test makes of itself. */
#include "tests/unit/unit.h"

#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <link.h>
#include <stdio.h>
#include <ucontext.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "symbolizer/path.h"
#include "symbolizer/source.h"
#include "symbolizer/symbolizer.h"
#include "symbolizer/unwind_table.h"

enum { LIMIT = 128, STACK_SIZE = 256 << 10 };

static struct {
    struct snapshot snapshot;
    struct snapshot_thread thread;
    struct snapshot_memory memory[2];
    struct snapshot_module modules[LIMIT];
    struct snapshot_mapping mappings[LIMIT * 8];
    uint8_t stack[STACK_SIZE];
    uint64_t stack_end;
    char exe[PATH_MAX];
    unsigned line;
} self;

static void read_mappings(void) {
    FILE *maps = fopen("/proc/self/maps", "re");
    char line[PATH_MAX];
    assert_non_null(maps);
    while (fgets(line, sizeof(line), maps)) {
        uint64_t start, end;
        char prot[5];
        if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s", &start, &end, prot) != 3 ||
            self.snapshot.n_mappings == LIMIT * 8)
            continue;
        self.mappings[self.snapshot.n_mappings++] =
            (struct snapshot_mapping){.start = start,
                                      .end = end,
                                      .prot = prot[2] == 'x' ? SNAPSHOT_PROT_EXEC : 0,
                                      .path = ""};
        if (strstr(line, "[stack]"))
            self.stack_end = end;
    }
    fclose(maps);
}

static int compare_modules(const void *a, const void *b) {
    const struct snapshot_module *x = a, *y = b;
    return x->base < y->base ? -1 : x->base > y->base;
}

static int add_module(struct dl_phdr_info *info, size_t size, void *data) {
    struct snapshot_module *module = &self.modules[self.snapshot.n_modules];
    if (self.snapshot.n_modules == LIMIT)
        return 1;
    *module = (struct snapshot_module){.path = self.snapshot.n_modules ? strdup(info->dlpi_name)
                                                                       : self.exe,
                                       .bias = info->dlpi_addr,
                                       .base = UINT64_MAX,
                                       .package_note = ""};
    for (size_t i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *phdr = &info->dlpi_phdr[i];
        uint64_t start = info->dlpi_addr + phdr->p_vaddr;
        if (phdr->p_type == PT_LOAD) {
            if (start < module->base)
                module->base = start & ~UINT64_C(4095);
            if (start + phdr->p_memsz > module->end)
                module->end = start + phdr->p_memsz;
        }
        const uint8_t *note = (const uint8_t *)start;
        if (phdr->p_type != PT_NOTE || phdr->p_memsz < 16 || memcmp(note + 12, "GNU", 4) != 0 ||
            note[8] != NT_GNU_BUILD_ID)
            continue;
        module->build_id = note + 16;
        module->build_id_size = note[4];
    }
    self.snapshot.n_modules++;
    return 0;
}

/* The stack has AddressSanitizer's red zones in it; memcpy() would be told of them. */
__attribute__((noinline, no_sanitize_address)) static void copy_stack(uint8_t *to, uint64_t from,
                                                                      size_t size) {
    const volatile uint8_t *bytes = (const volatile uint8_t *)from;
    for (size_t i = 0; i < size; i++)
        to[i] = bytes[i];
}

__attribute__((noinline)) static void take(void) {
    ucontext_t context;
    static const uint8_t ORDER[] = {REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI,
                                    REG_RBP, REG_RSP, REG_R8,  REG_R9,  REG_R10, REG_R11,
                                    REG_R12, REG_R13, REG_R14, REG_R15, REG_RIP};
    getcontext(&context);
    for (size_t i = 0; i < sizeof(ORDER); i++)
        self.thread.registers[i] = (uint64_t)context.uc_mcontext.gregs[ORDER[i]];
    uint64_t sp = self.thread.registers[SNAPSHOT_REGISTER_RSP];
    size_t size = self.stack_end - sp < STACK_SIZE ? (size_t)(self.stack_end - sp) : STACK_SIZE;
    copy_stack(self.stack, sp, size);
    self.memory[0] = (struct snapshot_memory){.address = sp,
                                              .kind = SNAPSHOT_MEMORY_KIND_STACK,
                                              .tid = 1,
                                              .bytes = self.stack,
                                              .size = size};
}

__attribute__((always_inline)) static inline void inlined(void) {
    take();
    __asm__ volatile("");
}

__attribute__((noinline)) static void inner(void) {
    self.line = __LINE__ + 1;
    inlined();
    __asm__ volatile("");
}

__attribute__((noinline)) static void outer(void) {
    inner();
    __asm__ volatile("");
}

static int setup(void **state) {
    ssize_t n = readlink("/proc/self/exe", self.exe, sizeof(self.exe) - 1);
    if (n < 0)
        return -1;
    self.snapshot = (struct snapshot){.version = 1,
                                      .damage = "",
                                      .threads = &self.thread,
                                      .n_threads = 1,
                                      .memory = self.memory,
                                      .n_memory = 1,
                                      .modules = self.modules,
                                      .mappings = self.mappings};
    self.thread = (struct snapshot_thread){.tid = 1, .crashed = true, .known = (1 << 17) - 1};
    read_mappings();
    dl_iterate_phdr(add_module, NULL);
    qsort(self.modules, self.snapshot.n_modules, sizeof(*self.modules), compare_modules);
    outer();
    return 0;
}

static size_t find(const struct stack *stack, const char *function) {
    for (size_t i = 0; i < stack->n_frames; i++)
        if (stack->frames[i].function && strcmp(stack->frames[i].function, function) == 0)
            return i;
    return SIZE_MAX;
}

static void walk_again(struct symbolizer *symbolizer, struct walk **walk, struct stack *stack) {
    assert_int_equal(walk_new(symbolizer, &self.snapshot, NULL, 0, walk), 0);
    assert_int_equal(walk_stack(*walk, 0, stack), 0);
}

static void walk_self(struct symbolizer_options options, struct walk **walk,
                      struct symbolizer **symbolizer, struct stack *stack) {
    assert_int_equal(symbolizer_new(&options, symbolizer), 0);
    walk_again(*symbolizer, walk, stack);
}

static void test_chain(void **state) {
    struct walk *walk;
    struct symbolizer *symbolizer;
    struct stack stack;
    walk_self((struct symbolizer_options){.source_lines = 1}, &walk, &symbolizer, &stack);
    assert_true(stack.complete);
    size_t at = find(&stack, "inlined");
    assert_true(at < stack.n_frames);
    assert_true(stack.frames[at].inlined);
    const struct frame *frame = &stack.frames[at + 1];
    assert_string_equal(frame->function, "inner");
    assert_int_equal(frame->line, self.line);
    assert_true(frame->trust == FRAME_TRUST_CFI);
    assert_int_equal(frame->pc, frame[-1].pc);
    assert_int_equal(frame->source.n_lines, 3);
    assert_string_equal(frame->source.lines[1], "    inlined();");
    assert_string_equal(frame[1].function, "outer");
    assert_true(find(&stack, "main") < stack.n_frames);
    struct walk_module module = walk_module(walk, (size_t)frame->module);
    assert_int_equal(module.symbols, MODULE_SYMBOLS_DWARF);
    assert_null(module.problem);
    stack_free(&stack);
    walk_free(walk);
    symbolizer_free(symbolizer);
}

/* As /proc/PID/task/TID/syscall gives them. */
static void test_few_registers(void **state) {
    struct walk *walk;
    struct symbolizer *symbolizer;
    struct stack stack;
    self.thread.known = 1 << SNAPSHOT_REGISTER_RIP | 1 << SNAPSHOT_REGISTER_RSP;
    walk_self((struct symbolizer_options){0}, &walk, &symbolizer, &stack);
    self.thread.known = (1 << 17) - 1;
    assert_true(find(&stack, "outer") < stack.n_frames);
    assert_true(find(&stack, "main") < stack.n_frames);
    stack_free(&stack);
    walk_free(walk);
    symbolizer_free(symbolizer);
}

static void test_no_registers(void **state) {
    struct walk *walk;
    struct symbolizer *symbolizer;
    struct stack stack;
    self.thread.known = 0;
    assert_int_equal(symbolizer_new(NULL, &symbolizer), 0);
    assert_int_equal(walk_new(symbolizer, &self.snapshot, NULL, 0, &walk), 0);
    assert_int_equal(walk_stack(walk, 0, &stack), -ENODATA);
    assert_int_equal(walk_stack(walk, 1, &stack), -ENODATA);
    self.thread.known = (1 << 17) - 1;
    walk_free(walk);
    symbolizer_free(symbolizer);
}

static void test_frame_limit(void **state) {
    struct walk *walk;
    struct symbolizer *symbolizer;
    struct stack stack;
    walk_self((struct symbolizer_options){.max_frames = 4}, &walk, &symbolizer, &stack);
    assert_int_equal(stack.n_frames, 4);
    assert_true(stack.skipped > 0);
    assert_string_equal(stack.frames[3].function, "_start");
    stack_free(&stack);
    walk_free(walk);
    symbolizer_free(symbolizer);
}

static void test_other_build_id(void **state) {
    static const uint8_t OTHER[20] = {1, 2, 3};
    struct walk *walk;
    struct symbolizer *symbolizer;
    struct stack stack;
    size_t exe = 0;
    while (self.modules[exe].path != self.exe)
        exe++;
    struct snapshot_module before = self.modules[exe];
    self.modules[exe].build_id = OTHER;
    self.modules[exe].build_id_size = sizeof(OTHER);
    walk_self((struct symbolizer_options){0}, &walk, &symbolizer, &stack);
    for (size_t i = 0; i < stack.n_frames; i++)
        if (stack.frames[i].module == (int)exe)
            assert_null(stack.frames[i].function);
    assert_string_equal(walk_module(walk, exe).problem,
                        "changed on disk since the process started");
    self.modules[exe] = before;
    stack_free(&stack);
    walk_free(walk);
    symbolizer_free(symbolizer);
}

/* Without the end of the stack: what is there, and no claim that it is all. */
static void test_cut_stack(void **state) {
    struct symbolizer *symbolizer;
    assert_int_equal(symbolizer_new(NULL, &symbolizer), 0);
    struct walk *walk;
    struct stack stack;
    size_t before = self.memory[0].size;
    for (size_t size = 0; size < 2048; size += 8) {
        self.memory[0].size = size;
        walk_again(symbolizer, &walk, &stack);
        assert_false(stack.complete);
        assert_true(stack.n_frames > 0);
        stack_free(&stack);
        walk_free(walk);
    }
    self.memory[0].size = before;
    symbolizer_free(symbolizer);
}

/* The newest and the oldest part of a stack, as of a runaway recursion. The hole is moved over the
 * small frames that lead here; wherever it hides a return address the walk goes on behind it. */
static void test_gap(void **state) {
#ifdef __SANITIZE_ADDRESS__
    skip(); /* its red zones spread the outermost frames over more than the captured end */
#endif
    struct symbolizer *symbolizer;
    assert_int_equal(symbolizer_new(NULL, &symbolizer), 0);
    struct snapshot_memory before = self.memory[0];
    size_t bridged = 0;
    self.snapshot.n_memory = 2;
    for (size_t start = 512; start < 1536; start += 8) {
        struct walk *walk;
        struct stack stack;
        size_t end = start + 64, gaps = 0;
        self.memory[0].size = start;
        self.memory[1] = before;
        self.memory[1].kind = SNAPSHOT_MEMORY_KIND_STACK_BASE;
        self.memory[1].address += end;
        self.memory[1].bytes += end;
        self.memory[1].size -= end;
        walk_again(symbolizer, &walk, &stack);
        for (size_t i = 0; i < stack.n_frames; i++)
            gaps += stack.frames[i].after_gap;
        assert_true(stack.complete);
        assert_true(gaps <= 1);
        assert_true(find(&stack, "main") < stack.n_frames);
        bridged += gaps;
        stack_free(&stack);
        walk_free(walk);
    }
    assert_true(bridged > 0);
    self.snapshot.n_memory = 1;
    self.memory[0] = before;
    symbolizer_free(symbolizer);
}

static void test_file(void **state) {
    struct symbolizer_file *file;
    struct stack stack;
    uint64_t bias = 0;
    for (size_t i = 0; i < self.snapshot.n_modules; i++)
        if (self.modules[i].path == self.exe)
            bias = self.modules[i].bias;
    assert_int_equal(symbolizer_file_open(self.exe, NULL, &file), 0);
    assert_int_equal(symbolizer_file_lookup(file, (uint64_t)(uintptr_t)outer - bias, &stack), 0);
    assert_int_equal(stack.n_frames, 1);
    assert_string_equal(stack.frames[0].function, "outer");
    assert_true(stack.frames[0].line > 0);
    assert_int_equal(stack.frames[0].path[0], '/');
    stack_free(&stack);
    assert_int_equal(symbolizer_file_lookup(file, 1, &stack), 0);
    assert_int_equal(stack.n_frames, 1);
    assert_null(stack.frames[0].function);
    stack_free(&stack);
    symbolizer_file_close(file);
    assert_int_equal(symbolizer_file_open("/nonexistent", NULL, &file), -ENOENT);
    assert_int_equal(symbolizer_file_open("/dev/null", NULL, &file), -EINVAL);
    assert_int_equal(symbolizer_file_open("/etc/passwd", NULL, &file), -ENOEXEC);
    assert_int_equal(symbolizer_file_open("/", NULL, &file), -EISDIR);
}

static void path_is(const char *directory, const char *path, const char *expected) {
    BASE_CLEANUP(free)
    char *normalized = path_normalize(directory, path);
    assert_string_equal(normalized, expected);
}

static void test_path(void **state) {
    path_is("/build", "a.c", "/build/a.c");
    path_is("/build/x", "../src/./a.c", "/build/src/a.c");
    path_is("/build", "/usr/include/../lib//a.h", "/usr/lib/a.h");
    path_is("/build", "../../../a.c", "/a.c");
    path_is(NULL, "./src/../a.c", "a.c");
    path_is(NULL, "../a.c", "../a.c");
    path_is(".", "../../a.c", "../../a.c");
    path_is("./elf", "./elf/a.c", "elf/a.c");
    path_is("./elf", "../nss/a.c", "nss/a.c");
    path_is("", "", "");
}

/* Tables for .eh_frame of their own cover what the linker's do. */
static void test_tables(void **state) {
    BASE_CLEANUP(elf_file_close)
    struct elf_file *file = NULL;
    BASE_CLEANUP(unwind_tables_free)
    struct unwind_tables *tables = NULL;
    BASE_CLEANUP(unwind_tables_free)
    struct unwind_tables *own = NULL;
    assert_int_equal(elf_file_open(NULL, self.exe, &file), 0);
    assert_int_equal(unwind_tables_new(file, &tables), 0);
    assert_true(tables->has_header);
    size_t size;
    uint64_t address;
    const uint8_t *section = elf_file_section(file, ".eh_frame", &size, &address);
    assert_non_null(section);
    assert_int_equal(unwind_tables_from_memory(address, section, size, &own), 0);
    assert_false(own->has_header);
    assert_int_equal(own->eh_frame.n, tables->header_count);
    assert_int_equal(own->eh_frame.section, address);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chain),
        cmocka_unit_test(test_few_registers),
        cmocka_unit_test(test_no_registers),
        cmocka_unit_test(test_frame_limit),
        cmocka_unit_test(test_other_build_id),
        cmocka_unit_test(test_cut_stack),
        cmocka_unit_test(test_gap),
        cmocka_unit_test(test_file),
        cmocka_unit_test(test_path),
        cmocka_unit_test(test_tables),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
