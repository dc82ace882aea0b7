/* SPDX-License-Identifier: MIT */
/*
 * Snapshots are hostile: whoever crashes may have written anything. Two passes: the first finds
 * the sections without allocating and counts them, the second decodes each into the model.
 */
#include "snapshot/snapshot.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "snapshot/bounds.h"
#include "snapshot/decode.h"

const struct snapshot_limits SNAPSHOT_LIMITS_DEFAULT = {
    .bytes = 64u << 20,
    .threads = 16384,
    .memory = 65536,
    .modules = 8192,
    .mappings = 131072,
    .breadcrumbs = 256,
    .contexts = 64,
};

/* section is 0 when the object is no section. */
static unsigned section_number(const uint8_t *object, size_t length) {
    /* fixarray of 2, then a positive fixint: the only way that a writer packs it. */
    return length > 2 && object[0] == 0x92 && object[1] <= 0x7f ? object[1] : 0;
}

static void decode_section(struct reading *reading, unsigned section, const uint8_t *object,
                           size_t length) {
    if (!decode_has_room(reading, section)) {
        reading->skipped++;
        return;
    }
    msgpack_zone zone;
    msgpack_object root;
    size_t offset = 0;
    if (!msgpack_zone_init(&zone, 4096)) {
        reading->out_of_memory = true;
        return;
    }
    if (msgpack_unpack((const char *)object, length, &offset, &zone, &root) ==
            MSGPACK_UNPACK_SUCCESS &&
        root.type == MSGPACK_OBJECT_ARRAY && root.via.array.size == 2 &&
        root.via.array.ptr[1].type == MSGPACK_OBJECT_MAP) {
        const msgpack_object_map *map = &root.via.array.ptr[1].via.map;
        for (uint32_t i = 0; i < map->size; i++)
            if (map->ptr[i].key.type == MSGPACK_OBJECT_POSITIVE_INTEGER)
                decode_field(reading, section, map->ptr[i].key.via.u64, &map->ptr[i].val);
        decode_keep(reading, section);
    } else {
        reading->broken = true;
    }
    msgpack_zone_destroy(&zone);
}

static void for_each_section(struct reading *reading,
                             void (*take)(struct reading *, unsigned, const uint8_t *, size_t)) {
    size_t at = 0;
    while (at < reading->size) {
        int64_t length = bounds_object_length(reading->data + at, reading->size - at);
        if (length < 0) {
            if (length == -EAGAIN)
                reading->truncated = true;
            else
                reading->broken = true;
            return;
        }
        unsigned section = section_number(reading->data + at, (size_t)length);
        if (section == 0)
            reading->broken = true;
        else
            take(reading, section, reading->data + at, (size_t)length);
        at += (size_t)length;
    }
}

static void count_section(struct reading *reading, unsigned section, const uint8_t *object,
                          size_t length) {
    if (section < SECTIONS_KNOWN)
        reading->counts[section]++;
}

/* The header decides whether the rest is looked at. */
static int check_header(struct reading *reading) {
    int64_t length = bounds_object_length(reading->data, reading->size);
    if (length < 0 || section_number(reading->data, (size_t)length) != SNAPSHOT_SECTION_HEADER)
        return -EBADMSG;
    msgpack_zone zone;
    msgpack_object root;
    size_t offset = 0;
    bool magic = false;
    uint64_t version = 0;
    if (!msgpack_zone_init(&zone, 4096))
        return -ENOMEM;
    if (msgpack_unpack((const char *)reading->data, (size_t)length, &offset, &zone, &root) ==
            MSGPACK_UNPACK_SUCCESS &&
        root.via.array.ptr[1].type == MSGPACK_OBJECT_MAP) {
        const msgpack_object_map *map = &root.via.array.ptr[1].via.map;
        static const char expected[] = "crashd-snapshot";
        for (uint32_t i = 0; i < map->size; i++) {
            const msgpack_object *value = &map->ptr[i].val;
            if (map->ptr[i].key.type != MSGPACK_OBJECT_POSITIVE_INTEGER)
                continue;
            uint64_t key = map->ptr[i].key.via.u64;
            if (key == SNAPSHOT_HEADER_MAGIC)
                magic = value->type == MSGPACK_OBJECT_STR &&
                        value->via.str.size == sizeof expected - 1 &&
                        memcmp(value->via.str.ptr, expected, sizeof expected - 1) == 0;
            else if (key == SNAPSHOT_HEADER_VERSION)
                version = value->type == MSGPACK_OBJECT_POSITIVE_INTEGER ? value->via.u64 : 0;
        }
    }
    msgpack_zone_destroy(&zone);
    if (!magic || version == 0)
        return -EBADMSG;
    if (version > SNAPSHOT_VERSION)
        return -EPROTONOSUPPORT;
    reading->owned->snapshot.version = (uint32_t)version;
    return 0;
}

static size_t smaller(size_t a, size_t b) {
    return a < b ? a : b;
}

static void allocate_arrays(struct reading *reading) {
    struct snapshot *snapshot = &reading->owned->snapshot;
    size_t threads = smaller(reading->counts[SNAPSHOT_SECTION_THREAD], reading->limits->threads);
    size_t memory = smaller(reading->counts[SNAPSHOT_SECTION_MEMORY], reading->limits->memory);
    size_t modules = smaller(reading->counts[SNAPSHOT_SECTION_MODULE], reading->limits->modules);
    size_t mappings = smaller(reading->counts[SNAPSHOT_SECTION_MAPPING], reading->limits->mappings);

    size_t breadcrumbs =
        smaller(reading->counts[SNAPSHOT_SECTION_BREADCRUMB], reading->limits->breadcrumbs);
    size_t contexts = smaller(reading->counts[SNAPSHOT_SECTION_CONTEXT], reading->limits->contexts);

    snapshot->threads = decode_allocate(reading, threads, sizeof *snapshot->threads);
    snapshot->memory = decode_allocate(reading, memory, sizeof *snapshot->memory);
    snapshot->modules = decode_allocate(reading, modules, sizeof *snapshot->modules);
    snapshot->mappings = decode_allocate(reading, mappings, sizeof *snapshot->mappings);
    snapshot->breadcrumbs = decode_allocate(reading, breadcrumbs, sizeof *snapshot->breadcrumbs);
    snapshot->contexts = decode_allocate(reading, contexts, sizeof *snapshot->contexts);
    for (size_t i = 0; snapshot->breadcrumbs && i < breadcrumbs; i++) {
        struct snapshot_breadcrumb *crumb = &snapshot->breadcrumbs[i];
        crumb->level = crumb->category = crumb->message = "";
    }
    for (size_t i = 0; snapshot->contexts && i < contexts; i++)
        snapshot->contexts[i].name = "";
    for (size_t i = 0; snapshot->threads && i < threads; i++)
        snapshot->threads[i].name = snapshot->threads[i].state = snapshot->threads[i].missing = "";
    for (size_t i = 0; snapshot->modules && i < modules; i++)
        snapshot->modules[i].path = snapshot->modules[i].package_note = "";
    for (size_t i = 0; snapshot->mappings && i < mappings; i++)
        snapshot->mappings[i].path = "";
}

static int compare_numbers(uint64_t a, uint64_t b) {
    return a < b ? -1 : a > b;
}

static int compare_memory(const void *a, const void *b) {
    return compare_numbers(((const struct snapshot_memory *)a)->address,
                           ((const struct snapshot_memory *)b)->address);
}

static int compare_modules(const void *a, const void *b) {
    return compare_numbers(((const struct snapshot_module *)a)->base,
                           ((const struct snapshot_module *)b)->base);
}

static int compare_mappings(const void *a, const void *b) {
    return compare_numbers(((const struct snapshot_mapping *)a)->start,
                           ((const struct snapshot_mapping *)b)->start);
}

/* The kernel's suffix would be taken for a part of the name everywhere else. */
static void strip_deleted(struct reading *reading, struct snapshot_module *module) {
    static const char suffix[] = " (deleted)";
    size_t length = strlen(module->path);
    if (!text_ends_with(module->path, suffix))
        return;
    char *path = decode_allocate(reading, length + 1, 1);
    if (!path)
        return;
    snprintf(path, length + 1, "%.*s", (int)(length - strlen(suffix)), module->path);
    module->path = path;
    module->flags |= SNAPSHOT_MODULE_DELETED;
}

static void arrange(struct reading *reading) {
    struct snapshot *snapshot = &reading->owned->snapshot;
    if (snapshot->n_memory)
        qsort(snapshot->memory, snapshot->n_memory, sizeof *snapshot->memory, compare_memory);
    if (snapshot->n_modules)
        qsort(snapshot->modules, snapshot->n_modules, sizeof *snapshot->modules, compare_modules);
    if (snapshot->n_mappings)
        qsort(snapshot->mappings, snapshot->n_mappings, sizeof *snapshot->mappings,
              compare_mappings);
    for (size_t i = 0; i < snapshot->n_modules; i++)
        strip_deleted(reading, &snapshot->modules[i]);
    for (size_t i = 1; i < snapshot->n_threads; i++)
        if (snapshot->threads[i].crashed && !snapshot->threads[0].crashed) {
            struct snapshot_thread first = snapshot->threads[0];
            snapshot->threads[0] = snapshot->threads[i];
            snapshot->threads[i] = first;
        }
    /* Exactly one thread has crashed, whatever the snapshot claims. */
    for (size_t i = 1; i < snapshot->n_threads; i++)
        snapshot->threads[i].crashed = false;
}

static void describe_damage(struct reading *reading) {
    struct owned_snapshot *owned = reading->owned;
    size_t used = 0;
    owned->snapshot.damage = owned->damage;
    if (reading->broken)
        used += (size_t)snprintf(owned->damage, sizeof owned->damage,
                                 "the snapshot is broken: what could not be read is missing");
    else if (reading->truncated || !owned->snapshot.complete)
        used += (size_t)snprintf(owned->damage, sizeof owned->damage,
                                 "the snapshot was cut short after %zu bytes: what followed is "
                                 "missing",
                                 reading->size);
    if (reading->skipped && used < sizeof owned->damage)
        snprintf(owned->damage + used, sizeof owned->damage - used,
                 "%s%zu sections beyond the limits were left out", used ? "; " : "",
                 reading->skipped);
}

static void set_defaults(struct snapshot *snapshot) {
    snapshot->writer = snapshot->arch = snapshot->abort_text = snapshot->note = "";
    snapshot->process.exe = snapshot->process.comm = "";
    snapshot->process.cwd = snapshot->process.libc = "";
    snapshot->signal.sender_comm = "";
    snapshot->exception.type = snapshot->exception.what = "";
    snapshot->sanitizer.name = snapshot->sanitizer.kind = snapshot->sanitizer.text = "";
    snapshot->scope.release = snapshot->scope.environment = "";
    snapshot->page_size = 4096;
}

int snapshot_read(const void *data, size_t size, const struct snapshot_limits *limits,
                  struct snapshot **ret) {
    struct reading reading = {
        .data = data, .size = size, .limits = limits ? limits : &SNAPSHOT_LIMITS_DEFAULT};

    if (size > reading.limits->bytes)
        return -E2BIG;
    reading.owned = calloc(1, sizeof *reading.owned);
    if (!reading.owned)
        return -ENOMEM;
    if (!msgpack_zone_init(&reading.owned->zone, 64 * 1024)) {
        free(reading.owned);
        return -ENOMEM;
    }
    set_defaults(&reading.owned->snapshot);
    int r = check_header(&reading);
    if (r == 0) {
        for_each_section(&reading, count_section);
        allocate_arrays(&reading);
        for_each_section(&reading, decode_section);
        arrange(&reading);
        describe_damage(&reading);
        if (reading.out_of_memory)
            r = -ENOMEM;
    }
    if (r < 0)
        snapshot_free(&reading.owned->snapshot);
    else
        *ret = &reading.owned->snapshot;
    return r;
}

struct snapshot *snapshot_free(struct snapshot *snapshot) {
    if (snapshot) {
        /* snapshot is the first member. */
        struct owned_snapshot *owned = (struct owned_snapshot *)snapshot;
        msgpack_zone_destroy(&owned->zone);
        free(owned);
    }
    return NULL;
}
