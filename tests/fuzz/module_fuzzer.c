/* SPDX-License-Identifier: MIT */
/* An ELF file as the module of a crash: its segments, symbols, call frame information and debug
 * sections, compressed ones included, all the way to a stack of frames and their variables. */
#include "tests/fuzz/fuzz.h"

#include <sys/mman.h>
#include <unistd.h>

#include "symbolizer/arch_x86_64.h"
#include "symbolizer/elf_file.h"
#include "symbolizer/symbolizer.h"

static const char PATH[] = "/fuzzed/module";
enum { STACK_WORDS = 64, THREADS = 4 };

static int file_of(const uint8_t *data, size_t size) {
    int fd = memfd_create("module", MFD_CLOEXEC);
    FUZZ_REQUIRE(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    return fd;
}

/* Where code is, as the file has it. */
static uint64_t first_code(const struct walk_file *module) {
    struct file_source source = {module, 1};
    struct elf_file *file = NULL;
    uint64_t address = 0x1000;
    if (elf_file_open(&source, PATH, &file) < 0)
        return address;
    for (size_t i = 0; i < file->n_segments; i++)
        if (file->segments[i].executable)
            address = file->segments[i].address & ~UINT64_C(0xfff);
    elf_file_close(file);
    return address;
}

static bool always(const struct frame *frame, void *data) {
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const none[] = {NULL};
    struct walk_file file = {PATH, file_of(data, size)};
    uint64_t code = first_code(&file), base = UINT64_C(0x555555554000);
    uint64_t bias = base - code;
    uint64_t words[STACK_WORDS], stack = UINT64_C(0x7ffc00000000);
    for (size_t i = 0; i < STACK_WORDS; i++)
        words[i] = i % 3 ? stack + 8 * i + 24 : base + 16 * i + 5;

    struct snapshot_thread threads[THREADS] = {0};
    for (size_t i = 0; i < THREADS; i++) {
        threads[i].tid = (uint32_t)i + 1;
        threads[i].crashed = i == 0;
        threads[i].known = (UINT64_C(1) << SNAPSHOT_REGISTER_COUNT) - 1;
        for (size_t k = 0; k < SNAPSHOT_REGISTER_COUNT; k++)
            threads[i].registers[k] = stack + 8 * k;
        threads[i].registers[ARCH_SP] = stack;
        threads[i].registers[ARCH_PC] = base + 37 * i;
    }
    struct snapshot_module module = {
        .path = PATH, .base = base, .end = base + (1 << 20), .bias = bias};
    struct snapshot_memory memory = {.address = stack,
                                     .kind = SNAPSHOT_MEMORY_KIND_STACK,
                                     .bytes = (const uint8_t *)words,
                                     .size = sizeof(words)};
    struct snapshot_mapping mapping = {
        .start = base, .end = module.end, .prot = PROT_READ | PROT_EXEC, .path = PATH};
    struct snapshot snapshot = {.threads = threads,
                                .n_threads = THREADS,
                                .modules = &module,
                                .n_modules = 1,
                                .memory = &memory,
                                .n_memory = 1,
                                .mappings = &mapping,
                                .n_mappings = 1};
    struct symbolizer_options options = {
        .debug_directories = none, .max_frames = 64, .source_lines = 2};
    struct symbolizer *symbolizer = NULL;
    struct walk *walk = NULL;
    FUZZ_REQUIRE(symbolizer_new(&options, &symbolizer) == 0);
    FUZZ_REQUIRE(walk_new(symbolizer, &snapshot, &file, 1, &walk) == 0);
    struct variable_policy policy = {.wants = always};
    walk_set_variables(walk, &policy);
    for (size_t i = 0; i < THREADS; i++) {
        struct stack frames = {0};
        if (walk_stack(walk, i, &frames) == 0)
            FUZZ_REQUIRE(frames.n_frames > 0);
        stack_free(&frames);
    }
    walk_free(walk);
    symbolizer_free(symbolizer);
    close(file.fd);
    return 0;
}
