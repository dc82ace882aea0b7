/* SPDX-License-Identifier: MIT */
/* The reader of snapshots, and everything that looks something up in the result. */
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <stdbool.h>

#include "snapshot/snapshot.h"

static volatile uint64_t sum;

/* Reads every byte: what points outside of the input is found here. */
static void touch(const void *data, size_t size) {
    const uint8_t *bytes = data;
    for (size_t i = 0; i < size; i++)
        sum += bytes[i];
}

static void touch_text(const char *text) {
    FUZZ_REQUIRE(text);
    touch(text, strlen(text));
}

static void touch_pairs(const struct snapshot_pair *pairs, size_t count) {
    for (size_t i = 0; i < count; i++) {
        touch_text(pairs[i].name);
        touch_text(pairs[i].value);
    }
}

static void touch_texts(const char *const *texts, size_t count) {
    for (size_t i = 0; i < count; i++)
        touch_text(texts[i]);
}

static void look_up(const struct snapshot *snapshot, uint64_t address) {
    uint8_t bytes[512];
    const struct snapshot_mapping *mapping = snapshot_mapping_at(snapshot, address);
    const struct snapshot_module *module = snapshot_module_at(snapshot, address);
    FUZZ_REQUIRE(!mapping || (address >= mapping->start && address < mapping->end));
    FUZZ_REQUIRE(!module || (address >= module->base && address < module->end));
    for (size_t size = 1; size <= sizeof bytes; size *= 8)
        FUZZ_REQUIRE(snapshot_read_memory(snapshot, address, bytes, size) <= size);
}

static void look_around(const struct snapshot *snapshot, uint64_t address) {
    look_up(snapshot, address - 1);
    look_up(snapshot, address);
    look_up(snapshot, address + 1);
}

static void check_texts(const struct snapshot *snapshot) {
    const char *texts[] = {
        snapshot->writer,
        snapshot->arch,
        snapshot->process.exe,
        snapshot->process.comm,
        snapshot->process.cwd,
        snapshot->process.libc,
        snapshot->signal.sender_comm,
        snapshot->abort_text,
        snapshot->exception.type,
        snapshot->exception.what,
        snapshot->sanitizer.name,
        snapshot->sanitizer.kind,
        snapshot->sanitizer.text,
        snapshot->scope.release,
        snapshot->scope.environment,
        snapshot->note,
        snapshot->damage,
    };
    touch_texts(texts, sizeof texts / sizeof *texts);
    touch_texts(snapshot->process.args, snapshot->process.n_args);
    touch_texts(snapshot->scope.fingerprint, snapshot->scope.n_fingerprint);
    touch_pairs(snapshot->environment, snapshot->n_environment);
    touch_pairs(snapshot->scope.tags, snapshot->scope.n_tags);
    touch_pairs(snapshot->scope.user, snapshot->scope.n_user);
    for (size_t i = 0; i < snapshot->n_breadcrumbs; i++)
        touch_pairs(snapshot->breadcrumbs[i].data, snapshot->breadcrumbs[i].n_data);
    for (size_t i = 0; i < snapshot->n_contexts; i++)
        touch_pairs(snapshot->contexts[i].values, snapshot->contexts[i].n_values);
}

static void check_threads(const struct snapshot *snapshot) {
    const struct snapshot_thread *crashed = snapshot_crashed_thread(snapshot);
    FUZZ_REQUIRE(!crashed || crashed->crashed);
    for (size_t i = 0; i < snapshot->n_threads; i++) {
        const struct snapshot_thread *thread = &snapshot->threads[i];
        touch_text(thread->name);
        touch_text(thread->state);
        touch_text(thread->missing);
        for (unsigned n = 0; n < SNAPSHOT_REGISTER_COUNT; n++)
            look_up(snapshot, thread->registers[n]);
    }
}

static void check_ranges(const struct snapshot *snapshot) {
    for (size_t i = 0; i < snapshot->n_memory; i++) {
        const struct snapshot_memory *memory = &snapshot->memory[i];
        FUZZ_REQUIRE(i == 0 || memory[-1].address <= memory->address);
        touch(memory->bytes, memory->size);
        look_around(snapshot, memory->address);
        look_around(snapshot, memory->address + memory->size);
    }
    for (size_t i = 0; i < snapshot->n_modules; i++) {
        const struct snapshot_module *module = &snapshot->modules[i];
        FUZZ_REQUIRE(i == 0 || module[-1].base <= module->base);
        touch_text(module->path);
        touch_text(module->package_note);
        touch(module->build_id, module->build_id_size);
        look_around(snapshot, module->base);
        look_around(snapshot, module->end);
    }
    for (size_t i = 0; i < snapshot->n_mappings; i++) {
        const struct snapshot_mapping *mapping = &snapshot->mappings[i];
        FUZZ_REQUIRE(i == 0 || mapping[-1].start <= mapping->start);
        touch_text(mapping->path);
        look_around(snapshot, mapping->start);
        look_around(snapshot, mapping->end);
    }
}

static void read_and_check(const uint8_t *data, size_t size, const struct snapshot_limits *limits) {
    struct snapshot *snapshot = NULL;
    int r = snapshot_read(data, size, limits, &snapshot);
    if (r < 0) {
        FUZZ_REQUIRE(r == -EBADMSG || r == -EPROTONOSUPPORT || r == -E2BIG);
        return;
    }
    FUZZ_REQUIRE(r == 0 && snapshot);
    FUZZ_REQUIRE(snapshot->complete || *snapshot->damage);
    check_texts(snapshot);
    check_threads(snapshot);
    check_ranges(snapshot);
    snapshot_free(snapshot);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const struct snapshot_limits few = {
        .bytes = 1 << 20, .threads = 1, .memory = 2, .modules = 1, .mappings = 1};
    read_and_check(data, size, NULL);
    read_and_check(data, size, &few);
    return 0;
}
