/* SPDX-License-Identifier: MIT */
/* What the hook's writer writes, the reader reads: whole, cut at every byte, and with every byte
 * changed. */
#include "tests/unit/unit.h"

#include <errno.h>

#include "snapshot/snapshot.h"
#include "snapshot/writer.h"

static const uint8_t BUILD_ID[20] = {0x1c, 0x30, 0x47, 0x42};

struct sink {
    uint8_t data[64 * 1024];
    size_t size;
};

static int take(void *context, const uint8_t *data, size_t size) {
    struct sink *sink = context;
    if (size > sizeof sink->data - sink->size)
        return -ENOSPC;
    memcpy(sink->data + sink->size, data, size);
    sink->size += size;
    return 0;
}

static void put_text(struct snapshot_writer *writer, unsigned key, const char *text) {
    snapshot_writer_str(writer, key, text, strlen(text));
}

static void write_header(struct snapshot_writer *writer, uint64_t version) {
    snapshot_writer_begin(writer, SNAPSHOT_SECTION_HEADER, 256);
    put_text(writer, SNAPSHOT_HEADER_MAGIC, "crashd-snapshot");
    snapshot_writer_uint(writer, SNAPSHOT_HEADER_VERSION, version);
    put_text(writer, SNAPSHOT_HEADER_ARCH, "x86_64");
    snapshot_writer_uint(writer, SNAPSHOT_HEADER_TIME, UINT64_C(1795357812482913000));
    snapshot_writer_end(writer);
}

static void write_thread(struct snapshot_writer *writer, uint64_t tid, bool crashed) {
    uint64_t registers[SNAPSHOT_REGISTER_COUNT];
    for (size_t i = 0; i < SNAPSHOT_REGISTER_COUNT; i++)
        registers[i] = UINT64_MAX - i;
    snapshot_writer_begin(writer, SNAPSHOT_SECTION_THREAD, 512);
    snapshot_writer_uint(writer, SNAPSHOT_THREAD_TID, tid);
    put_text(writer, SNAPSHOT_THREAD_NAME, "worker (7)\nx");
    snapshot_writer_bool(writer, SNAPSHOT_THREAD_CRASHED, crashed);
    snapshot_writer_u64s(writer, SNAPSHOT_THREAD_REGISTERS, registers, SNAPSHOT_REGISTER_COUNT);
    if (!crashed)
        snapshot_writer_uint(writer, SNAPSHOT_THREAD_KNOWN,
                             1u << SNAPSHOT_REGISTER_RSP | 1u << SNAPSHOT_REGISTER_RIP);
    snapshot_writer_end(writer);
}

static void write_memory(struct snapshot_writer *writer, uint64_t address, uint8_t fill,
                         size_t size) {
    uint8_t bytes[256];
    memset(bytes, fill, sizeof bytes);
    snapshot_writer_begin(writer, SNAPSHOT_SECTION_MEMORY, size);
    snapshot_writer_uint(writer, SNAPSHOT_MEMORY_ADDRESS, address);
    snapshot_writer_uint(writer, SNAPSHOT_MEMORY_KIND, SNAPSHOT_MEMORY_KIND_STACK);
    snapshot_writer_bin(writer, SNAPSHOT_MEMORY_BYTES, bytes, size);
    snapshot_writer_end(writer);
}

static void write_rest(struct snapshot_writer *writer) {
    snapshot_writer_begin(writer, SNAPSHOT_SECTION_PROCESS, 256);
    snapshot_writer_uint(writer, SNAPSHOT_PROCESS_PID, 4107);
    put_text(writer, SNAPSHOT_PROCESS_EXE, "/opt/orderd/bin/orderd");
    snapshot_writer_strs(writer, SNAPSHOT_PROCESS_ARGS, 2);
    snapshot_writer_item(writer, "orderd", 6);
    snapshot_writer_item(writer, "--fast", 6);
    snapshot_writer_end(writer);
    snapshot_writer_begin(writer, SNAPSHOT_SECTION_SIGNAL, 128);
    snapshot_writer_uint(writer, SNAPSHOT_SIGNAL_NUMBER, 11);
    snapshot_writer_int(writer, SNAPSHOT_SIGNAL_CODE, -6);
    snapshot_writer_end(writer);
    write_thread(writer, 4112, true);
    write_memory(writer, 0x7000, 0xaa, 256);
    write_memory(writer, 0x7100, 0xbb, 16);
    snapshot_writer_begin(writer, SNAPSHOT_SECTION_MODULE, 256);
    put_text(writer, SNAPSHOT_MODULE_PATH, "/opt/orderd/bin/orderd (deleted)");
    snapshot_writer_uint(writer, SNAPSHOT_MODULE_BASE, 0x555000);
    snapshot_writer_uint(writer, SNAPSHOT_MODULE_END, 0x558000);
    snapshot_writer_bin(writer, SNAPSHOT_MODULE_BUILD_ID, BUILD_ID, sizeof BUILD_ID);
    snapshot_writer_end(writer);
    write_thread(writer, 4107, false);
    snapshot_writer_begin(writer, SNAPSHOT_SECTION_ENVIRONMENT, 128);
    snapshot_writer_map(writer, SNAPSHOT_ENVIRONMENT_VARIABLES, 1);
    snapshot_writer_item(writer, "LANG", 4);
    snapshot_writer_item(writer, "C.UTF-8", 7);
    snapshot_writer_end(writer);
    snapshot_writer_begin(writer, SNAPSHOT_SECTION_END, 64);
    snapshot_writer_uint(writer, SNAPSHOT_END_PAUSE, 900000);
    snapshot_writer_end(writer);
}

static struct sink *example(uint64_t version) {
    static uint8_t buffer[SNAPSHOT_WRITER_BUFFER_MIN];
    struct sink *sink = calloc(1, sizeof *sink);
    struct snapshot_writer writer;
    assert_non_null(sink);
    snapshot_writer_init(&writer, buffer, sizeof buffer, take, sink);
    write_header(&writer, version);
    write_rest(&writer);
    assert_int_equal(snapshot_writer_flush(&writer), 0);
    return sink;
}

static void round_trip(void **state) {
    struct sink *sink = example(SNAPSHOT_VERSION);
    struct snapshot *snapshot;
    uint8_t bytes[300];

    assert_int_equal(snapshot_read(sink->data, sink->size, NULL, &snapshot), 0);
    assert_true(snapshot->complete);
    assert_string_equal(snapshot->damage, "");
    assert_int_equal(snapshot->time, UINT64_C(1795357812482913000));
    assert_string_equal(snapshot->process.exe, "/opt/orderd/bin/orderd");
    assert_int_equal(snapshot->process.n_args, 2);
    assert_string_equal(snapshot->process.args[1], "--fast");
    assert_int_equal(snapshot->signal.code, -6);
    assert_int_equal(snapshot->n_threads, 2);
    assert_int_equal(snapshot_crashed_thread(snapshot)->tid, 4112);
    assert_string_equal(snapshot->threads[0].name, "worker (7)\nx");
    assert_int_equal(snapshot->threads[0].registers[SNAPSHOT_REGISTER_RSP], UINT64_MAX - 7);
    assert_int_equal(snapshot->threads[0].known, (1u << SNAPSHOT_REGISTER_COUNT) - 1);
    assert_int_equal(snapshot->threads[1].known,
                     1u << SNAPSHOT_REGISTER_RSP | 1u << SNAPSHOT_REGISTER_RIP);
    assert_int_equal(snapshot->n_modules, 1);
    assert_string_equal(snapshot->modules[0].path, "/opt/orderd/bin/orderd");
    assert_int_equal(snapshot->modules[0].flags, SNAPSHOT_MODULE_DELETED);
    assert_memory_equal(snapshot->modules[0].build_id, BUILD_ID, sizeof BUILD_ID);
    assert_string_equal(snapshot->environment[0].name, "LANG");
    assert_int_equal(snapshot->pause, 900000);
    /* Two adjoining ranges are one. */
    assert_int_equal(snapshot_read_memory(snapshot, 0x7080, bytes, sizeof bytes), 0x90);
    assert_int_equal(bytes[0x7f], 0xaa);
    assert_int_equal(bytes[0x80], 0xbb);
    assert_int_equal(snapshot_read_memory(snapshot, 0x6fff, bytes, 1), 0);
    assert_int_equal(snapshot_read_memory(snapshot, UINT64_MAX, bytes, 8), 0);
    assert_null(snapshot_module_at(snapshot, 0x558000));
    assert_non_null(snapshot_module_at(snapshot, 0x557fff));
    snapshot_free(snapshot);
    free(sink);
}

/* Everything before the cut is there; what is missing is said. */
static void truncated_at_every_byte(void **state) {
    struct sink *sink = example(SNAPSHOT_VERSION);
    size_t threads_before = 0;
    for (size_t size = 0; size < sink->size; size++) {
        struct snapshot *snapshot;
        /* A copy of its own lets ASan see a read beyond the cut. */
        uint8_t *copy = malloc(size ? size : 1);
        memcpy(copy, sink->data, size);
        int r = snapshot_read(copy, size, NULL, &snapshot);
        if (r == 0) {
            assert_false(snapshot->complete);
            assert_non_null(strstr(snapshot->damage, "cut short"));
            assert_true(snapshot->n_threads >= threads_before);
            threads_before = snapshot->n_threads;
            snapshot_free(snapshot);
        } else {
            assert_int_equal(r, -EBADMSG);
            assert_int_equal(threads_before, 0);
        }
        free(copy);
    }
    assert_int_equal(threads_before, 2);
    free(sink);
}

static void every_byte_changed(void **state) {
    static const uint8_t values[] = {0x00, 0x7f, 0x81, 0x9f, 0xc1, 0xc6, 0xdd, 0xdf, 0xff};
    struct sink *sink = example(SNAPSHOT_VERSION);
    for (size_t i = 0; i < sink->size; i++)
        for (size_t v = 0; v < sizeof values; v++) {
            struct snapshot *snapshot;
            uint8_t *copy = malloc(sink->size);
            memcpy(copy, sink->data, sink->size);
            copy[i] = values[v];
            if (snapshot_read(copy, sink->size, NULL, &snapshot) == 0)
                snapshot_free(snapshot);
            free(copy);
        }
    free(sink);
}

static void refuses_what_it_cannot_read(void **state) {
    struct snapshot *snapshot;
    struct sink *newer = example(SNAPSHOT_VERSION + 1);
    static const struct snapshot_limits small = {.bytes = 10};
    assert_int_equal(snapshot_read(newer->data, newer->size, NULL, &snapshot), -EPROTONOSUPPORT);
    assert_int_equal(snapshot_read(newer->data, newer->size, &small, &snapshot), -E2BIG);
    assert_int_equal(snapshot_read("not a snapshot", 14, NULL, &snapshot), -EBADMSG);
    assert_int_equal(snapshot_read("", 0, NULL, &snapshot), -EBADMSG);
    free(newer);
}

static void limits_are_said(void **state) {
    struct snapshot_limits limits = SNAPSHOT_LIMITS_DEFAULT;
    struct sink *sink = example(SNAPSHOT_VERSION);
    struct snapshot *snapshot;
    limits.threads = 1;
    assert_int_equal(snapshot_read(sink->data, sink->size, &limits, &snapshot), 0);
    assert_int_equal(snapshot->n_threads, 1);
    assert_non_null(strstr(snapshot->damage, "1 sections beyond the limits"));
    snapshot_free(snapshot);
    free(sink);
}

/* An array of 4 billion would be allocated before its first element is read. */
static void bombs_are_refused(void **state) {
    static const uint8_t bombs[][12] = {
        {0x92, 0x02, 0xdf, 0xff, 0xff, 0xff, 0xff, 0x01, 0xc0},
        {0x92, 0x02, 0x81, 0x09, 0xdd, 0xff, 0xff, 0xff, 0xff},
        {0x92, 0x05, 0x81, 0x04, 0xc6, 0xff, 0xff, 0xff, 0xff},
        {0x92, 0x02, 0x91, 0x91, 0x91, 0x91, 0x91, 0x91, 0x91},
    };
    struct sink *sink = example(SNAPSHOT_VERSION);
    for (size_t i = 0; i < sizeof bombs / sizeof *bombs; i++) {
        struct snapshot *snapshot;
        struct sink *bombed = malloc(sizeof *bombed);
        memcpy(bombed, sink, sizeof *bombed);
        memcpy(bombed->data + bombed->size, bombs[i], sizeof bombs[i]);
        bombed->size += sizeof bombs[i];
        assert_int_equal(snapshot_read(bombed->data, bombed->size, NULL, &snapshot), 0);
        assert_string_not_equal(snapshot->damage, "");
        assert_int_equal(snapshot->n_threads, 2);
        snapshot_free(snapshot);
        free(bombed);
    }
    free(sink);
}

RUN_TESTS("snapshot", cmocka_unit_test(round_trip), cmocka_unit_test(truncated_at_every_byte),
          cmocka_unit_test(every_byte_changed), cmocka_unit_test(refuses_what_it_cannot_read),
          cmocka_unit_test(limits_are_said), cmocka_unit_test(bombs_are_refused))
