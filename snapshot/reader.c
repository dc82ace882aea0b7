/* SPDX-License-Identifier: MIT */
/*
 * Snapshots are hostile: whoever crashes may have written anything. Two passes: the first finds
 * the sections without allocating and counts them, the second decodes each into the model.
 */
#include "snapshot/snapshot.h"

#include <errno.h>
#include <msgpack.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "snapshot/bounds.h"

const struct snapshot_limits SNAPSHOT_LIMITS_DEFAULT = {
    .bytes = 64u << 20,
    .threads = 16384,
    .memory = 65536,
    .modules = 8192,
    .mappings = 131072,
};

enum { SECTIONS_KNOWN = 16, PATH_MAX_BYTES = 4096, DAMAGE_SIZE = 256 };

/* The model with what it owns. */
struct owned_snapshot {
    struct snapshot snapshot;
    msgpack_zone zone;
    char damage[DAMAGE_SIZE];
};

struct reading {
    struct owned_snapshot *owned;
    const uint8_t *data;
    size_t size;
    const struct snapshot_limits *limits;
    size_t counts[SECTIONS_KNOWN];
    size_t skipped;
    bool truncated, broken, out_of_memory;
};

static void *zone_allocate(struct reading *reading, size_t count, size_t size) {
    if (count == 0 || count > SIZE_MAX / size)
        return NULL;
    void *p = msgpack_zone_malloc(&reading->owned->zone, count * size);
    if (p)
        memset(p, 0, count * size);
    else
        reading->out_of_memory = true;
    return p;
}

static const char *take_string(struct reading *reading, const msgpack_object *value) {
    if (value->type != MSGPACK_OBJECT_STR || value->via.str.size == 0)
        return "";
    size_t size = value->via.str.size;
    char *text = zone_allocate(reading, size + 1, 1);
    if (!text)
        return "";
    memcpy(text, value->via.str.ptr, size);
    return text;
}

static uint64_t take_uint(const msgpack_object *value) {
    return value->type == MSGPACK_OBJECT_POSITIVE_INTEGER ? value->via.u64 : 0;
}

static uint32_t take_uint32(const msgpack_object *value) {
    uint64_t number = take_uint(value);
    return number > UINT32_MAX ? 0 : (uint32_t)number;
}

static int take_int(const msgpack_object *value) {
    if (value->type == MSGPACK_OBJECT_POSITIVE_INTEGER && value->via.u64 <= INT32_MAX)
        return (int)value->via.u64;
    if (value->type == MSGPACK_OBJECT_NEGATIVE_INTEGER && value->via.i64 >= INT32_MIN)
        return (int)value->via.i64;
    return 0;
}

static bool take_bool(const msgpack_object *value) {
    return value->type == MSGPACK_OBJECT_BOOLEAN && value->via.boolean;
}

static const char **take_strings(struct reading *reading, const msgpack_object *value, size_t *n) {
    if (value->type != MSGPACK_OBJECT_ARRAY)
        return NULL;
    const char **texts = zone_allocate(reading, value->via.array.size, sizeof *texts);
    if (!texts)
        return NULL;
    for (uint32_t i = 0; i < value->via.array.size; i++)
        texts[i] = take_string(reading, &value->via.array.ptr[i]);
    *n = value->via.array.size;
    return texts;
}

static struct snapshot_pair *take_pairs(struct reading *reading, const msgpack_object *value,
                                        size_t *n) {
    if (value->type != MSGPACK_OBJECT_MAP)
        return NULL;
    struct snapshot_pair *pairs = zone_allocate(reading, value->via.map.size, sizeof *pairs);
    if (!pairs)
        return NULL;
    for (uint32_t i = 0; i < value->via.map.size; i++) {
        pairs[i].name = take_string(reading, &value->via.map.ptr[i].key);
        pairs[i].value = take_string(reading, &value->via.map.ptr[i].val);
    }
    *n = value->via.map.size;
    return pairs;
}

static void take_header(struct reading *reading, uint64_t key, const msgpack_object *value) {
    struct snapshot *snapshot = &reading->owned->snapshot;
    switch (key) {
    case SNAPSHOT_HEADER_WRITER:
        snapshot->writer = take_string(reading, value);
        break;
    case SNAPSHOT_HEADER_ARCH:
        snapshot->arch = take_string(reading, value);
        break;
    case SNAPSHOT_HEADER_TIME:
        snapshot->time = take_uint(value);
        break;
    case SNAPSHOT_HEADER_UPTIME:
        snapshot->uptime = take_uint(value);
        break;
    case SNAPSHOT_HEADER_PAGE_SIZE:
        snapshot->page_size = take_uint(value);
        break;
    case SNAPSHOT_HEADER_CAUSE_FIRST:
        snapshot->cause_first = take_bool(value);
        break;
    default:
        break;
    }
}

static void take_process(struct reading *reading, uint64_t key, const msgpack_object *value) {
    struct snapshot_process *process = &reading->owned->snapshot.process;
    switch (key) {
    case SNAPSHOT_PROCESS_PID:
        process->pid = take_uint32(value);
        break;
    case SNAPSHOT_PROCESS_PPID:
        process->ppid = take_uint32(value);
        break;
    case SNAPSHOT_PROCESS_UID:
        process->uid = take_uint32(value);
        break;
    case SNAPSHOT_PROCESS_EUID:
        process->euid = take_uint32(value);
        break;
    case SNAPSHOT_PROCESS_GID:
        process->gid = take_uint32(value);
        break;
    case SNAPSHOT_PROCESS_EGID:
        process->egid = take_uint32(value);
        break;
    case SNAPSHOT_PROCESS_EXE:
        process->exe = take_string(reading, value);
        break;
    case SNAPSHOT_PROCESS_COMM:
        process->comm = take_string(reading, value);
        break;
    case SNAPSHOT_PROCESS_ARGS:
        process->args = take_strings(reading, value, &process->n_args);
        break;
    case SNAPSHOT_PROCESS_CWD:
        process->cwd = take_string(reading, value);
        break;
    case SNAPSHOT_PROCESS_START:
        process->start = take_uint(value);
        break;
    case SNAPSHOT_PROCESS_SECURE:
        process->secure = take_bool(value);
        break;
    case SNAPSHOT_PROCESS_DUMPABLE:
        process->dumpable = take_uint32(value);
        break;
    case SNAPSHOT_PROCESS_TRACER:
        process->tracer = take_uint32(value);
        break;
    case SNAPSHOT_PROCESS_LIBC:
        process->libc = take_string(reading, value);
        break;
    case SNAPSHOT_PROCESS_THREADS:
        process->threads = take_uint32(value);
        break;
    default:
        break;
    }
}

static void take_signal(struct reading *reading, uint64_t key, const msgpack_object *value) {
    struct snapshot_signal *signal = &reading->owned->snapshot.signal;
    switch (key) {
    case SNAPSHOT_SIGNAL_NUMBER:
        signal->number = take_int(value);
        break;
    case SNAPSHOT_SIGNAL_CODE:
        signal->code = take_int(value);
        break;
    case SNAPSHOT_SIGNAL_ERRNO:
        signal->errnum = take_int(value);
        break;
    case SNAPSHOT_SIGNAL_ADDRESS:
        signal->address = take_uint(value);
        break;
    case SNAPSHOT_SIGNAL_SENDER_PID:
        signal->sender_pid = take_uint32(value);
        break;
    case SNAPSHOT_SIGNAL_SENDER_UID:
        signal->sender_uid = take_uint32(value);
        break;
    case SNAPSHOT_SIGNAL_TRAPNO:
        signal->has_trap = true;
        signal->trapno = take_uint(value);
        break;
    case SNAPSHOT_SIGNAL_ERR:
        signal->err = take_uint(value);
        break;
    case SNAPSHOT_SIGNAL_CR2:
        signal->cr2 = take_uint(value);
        break;
    case SNAPSHOT_SIGNAL_SYSCALL:
        signal->syscall = take_uint32(value);
        break;
    case SNAPSHOT_SIGNAL_SENDER_COMM:
        signal->sender_comm = take_string(reading, value);
        break;
    case SNAPSHOT_SIGNAL_FINAL_NUMBER:
        signal->final_number = take_int(value);
        break;
    default:
        break;
    }
}

static void take_registers(struct snapshot_thread *thread, const msgpack_object *value) {
    if (value->type != MSGPACK_OBJECT_ARRAY)
        return;
    uint32_t n = value->via.array.size;
    if (n > SNAPSHOT_REGISTER_COUNT)
        n = SNAPSHOT_REGISTER_COUNT;
    for (uint32_t i = 0; i < n; i++)
        thread->registers[i] = take_uint(&value->via.array.ptr[i]);
    /* KNOWN, when the writer gives it, has the higher key and comes later. */
    thread->known = n ? ~UINT64_C(0) >> (64 - n) : 0;
}

static void take_thread(struct reading *reading, uint64_t key, const msgpack_object *value) {
    struct snapshot *snapshot = &reading->owned->snapshot;
    struct snapshot_thread *thread = &snapshot->threads[snapshot->n_threads];
    switch (key) {
    case SNAPSHOT_THREAD_TID:
        thread->tid = take_uint32(value);
        break;
    case SNAPSHOT_THREAD_NAME:
        thread->name = take_string(reading, value);
        break;
    case SNAPSHOT_THREAD_CRASHED:
        thread->crashed = take_bool(value);
        break;
    case SNAPSHOT_THREAD_STATE:
        thread->state = take_string(reading, value);
        break;
    case SNAPSHOT_THREAD_REGISTERS:
        take_registers(thread, value);
        break;
    case SNAPSHOT_THREAD_KNOWN:
        thread->known &= take_uint(value);
        break;
    case SNAPSHOT_THREAD_MISSING:
        thread->missing = take_string(reading, value);
        break;
    case SNAPSHOT_THREAD_SYSCALL:
        thread->has_syscall = true;
        thread->syscall = take_uint32(value);
        break;
    case SNAPSHOT_THREAD_STACK_LIMIT:
        thread->stack_limit = take_uint(value);
        break;
    default:
        break;
    }
}

static void take_memory(struct reading *reading, uint64_t key, const msgpack_object *value) {
    struct snapshot *snapshot = &reading->owned->snapshot;
    struct snapshot_memory *memory = &snapshot->memory[snapshot->n_memory];
    switch (key) {
    case SNAPSHOT_MEMORY_ADDRESS:
        memory->address = take_uint(value);
        break;
    case SNAPSHOT_MEMORY_KIND:
        memory->kind = (enum snapshot_memory_kind)take_uint32(value);
        break;
    case SNAPSHOT_MEMORY_TID:
        memory->tid = take_uint32(value);
        break;
    case SNAPSHOT_MEMORY_BYTES:
        if (value->type == MSGPACK_OBJECT_BIN) {
            memory->bytes = (const uint8_t *)value->via.bin.ptr;
            memory->size = value->via.bin.size;
        }
        break;
    default:
        break;
    }
}

static void take_module(struct reading *reading, uint64_t key, const msgpack_object *value) {
    struct snapshot *snapshot = &reading->owned->snapshot;
    struct snapshot_module *module = &snapshot->modules[snapshot->n_modules];
    switch (key) {
    case SNAPSHOT_MODULE_PATH:
        module->path = take_string(reading, value);
        break;
    case SNAPSHOT_MODULE_BASE:
        module->base = take_uint(value);
        break;
    case SNAPSHOT_MODULE_END:
        module->end = take_uint(value);
        break;
    case SNAPSHOT_MODULE_BUILD_ID:
        if (value->type == MSGPACK_OBJECT_BIN && value->via.bin.size <= 64) {
            module->build_id = (const uint8_t *)value->via.bin.ptr;
            module->build_id_size = value->via.bin.size;
        }
        break;
    case SNAPSHOT_MODULE_BIAS:
        module->bias = take_uint(value);
        break;
    case SNAPSHOT_MODULE_DEVICE:
        module->device = take_uint(value);
        break;
    case SNAPSHOT_MODULE_INODE:
        module->inode = take_uint(value);
        break;
    case SNAPSHOT_MODULE_FLAGS:
        module->flags = take_uint32(value);
        break;
    case SNAPSHOT_MODULE_PACKAGE_NOTE:
        module->package_note = take_string(reading, value);
        break;
    default:
        break;
    }
}

static void take_mapping(struct reading *reading, uint64_t key, const msgpack_object *value) {
    struct snapshot *snapshot = &reading->owned->snapshot;
    struct snapshot_mapping *mapping = &snapshot->mappings[snapshot->n_mappings];
    switch (key) {
    case SNAPSHOT_MAPPING_START:
        mapping->start = take_uint(value);
        break;
    case SNAPSHOT_MAPPING_END:
        mapping->end = take_uint(value);
        break;
    case SNAPSHOT_MAPPING_PROT:
        mapping->prot = take_uint32(value);
        break;
    case SNAPSHOT_MAPPING_OFFSET:
        mapping->offset = take_uint(value);
        break;
    case SNAPSHOT_MAPPING_INODE:
        mapping->inode = take_uint(value);
        break;
    case SNAPSHOT_MAPPING_PATH:
        mapping->path = take_string(reading, value);
        break;
    default:
        break;
    }
}

static void take_exception(struct reading *reading, uint64_t key, const msgpack_object *value) {
    struct snapshot *snapshot = &reading->owned->snapshot;
    snapshot->exception.present = true;
    switch (key) {
    case SNAPSHOT_EXCEPTION_TYPE:
        snapshot->exception.type = take_string(reading, value);
        break;
    case SNAPSHOT_EXCEPTION_WHAT:
        snapshot->exception.what = take_string(reading, value);
        break;
    case SNAPSHOT_EXCEPTION_CAUGHT:
        snapshot->exception.caught = take_bool(value);
        break;
    case SNAPSHOT_EXCEPTION_UNCAUGHT:
        snapshot->exception.uncaught = take_uint32(value);
        break;
    default:
        break;
    }
}

static void take_sanitizer(struct reading *reading, uint64_t key, const msgpack_object *value) {
    struct snapshot *snapshot = &reading->owned->snapshot;
    snapshot->sanitizer.present = true;
    switch (key) {
    case SNAPSHOT_SANITIZER_NAME:
        snapshot->sanitizer.name = take_string(reading, value);
        break;
    case SNAPSHOT_SANITIZER_KIND:
        snapshot->sanitizer.kind = take_string(reading, value);
        break;
    case SNAPSHOT_SANITIZER_TEXT:
        snapshot->sanitizer.text = take_string(reading, value);
        break;
    default:
        break;
    }
}

static void take_scope(struct reading *reading, uint64_t key, const msgpack_object *value) {
    struct snapshot *snapshot = &reading->owned->snapshot;
    switch (key) {
    case SNAPSHOT_SCOPE_RELEASE:
        snapshot->scope.release = take_string(reading, value);
        break;
    case SNAPSHOT_SCOPE_ENVIRONMENT:
        snapshot->scope.environment = take_string(reading, value);
        break;
    case SNAPSHOT_SCOPE_TAGS:
        snapshot->scope.tags = take_pairs(reading, value, &snapshot->scope.n_tags);
        break;
    case SNAPSHOT_SCOPE_USER:
        snapshot->scope.user = take_pairs(reading, value, &snapshot->scope.n_user);
        break;
    case SNAPSHOT_SCOPE_FINGERPRINT:
        snapshot->scope.fingerprint = take_strings(reading, value, &snapshot->scope.n_fingerprint);
        break;
    default:
        break;
    }
}

static void take_end(struct reading *reading, uint64_t key, const msgpack_object *value) {
    struct snapshot *snapshot = &reading->owned->snapshot;
    switch (key) {
    case SNAPSHOT_END_PAUSE:
        snapshot->pause = take_uint(value);
        break;
    case SNAPSHOT_END_DROPPED_MEMORY:
        snapshot->dropped_memory = take_uint(value);
        break;
    case SNAPSHOT_END_DROPPED_THREADS:
        snapshot->dropped_threads = take_uint32(value);
        break;
    case SNAPSHOT_END_DROPPED_MODULES:
        snapshot->dropped_modules = take_uint32(value);
        break;
    case SNAPSHOT_END_NOTE:
        snapshot->note = take_string(reading, value);
        break;
    default:
        break;
    }
}

static void take_field(struct reading *reading, unsigned section, uint64_t key,
                       const msgpack_object *value) {
    struct snapshot *snapshot = &reading->owned->snapshot;
    switch (section) {
    case SNAPSHOT_SECTION_HEADER:
        take_header(reading, key, value);
        break;
    case SNAPSHOT_SECTION_PROCESS:
        take_process(reading, key, value);
        break;
    case SNAPSHOT_SECTION_SIGNAL:
        take_signal(reading, key, value);
        break;
    case SNAPSHOT_SECTION_THREAD:
        take_thread(reading, key, value);
        break;
    case SNAPSHOT_SECTION_MEMORY:
        take_memory(reading, key, value);
        break;
    case SNAPSHOT_SECTION_MODULE:
        take_module(reading, key, value);
        break;
    case SNAPSHOT_SECTION_MAPPING:
        take_mapping(reading, key, value);
        break;
    case SNAPSHOT_SECTION_ABORT:
        if (key == SNAPSHOT_ABORT_TEXT)
            snapshot->abort_text = take_string(reading, value);
        break;
    case SNAPSHOT_SECTION_EXCEPTION:
        take_exception(reading, key, value);
        break;
    case SNAPSHOT_SECTION_SANITIZER:
        take_sanitizer(reading, key, value);
        break;
    case SNAPSHOT_SECTION_ENVIRONMENT:
        if (key == SNAPSHOT_ENVIRONMENT_VARIABLES)
            snapshot->environment = take_pairs(reading, value, &snapshot->n_environment);
        break;
    case SNAPSHOT_SECTION_SCOPE:
        take_scope(reading, key, value);
        break;
    case SNAPSHOT_SECTION_END:
        take_end(reading, key, value);
        break;
    default:
        break;
    }
}

/* Where the format allows many of a section: keeps what was decoded into the next place of its
 * array, unless it makes no sense. */
static void keep_section(struct reading *reading, unsigned section) {
    struct snapshot *snapshot = &reading->owned->snapshot;
    switch (section) {
    case SNAPSHOT_SECTION_PROCESS:
        snapshot->process.present = true;
        break;
    case SNAPSHOT_SECTION_SIGNAL:
        snapshot->signal.present = true;
        break;
    case SNAPSHOT_SECTION_THREAD:
        snapshot->n_threads++;
        break;
    case SNAPSHOT_SECTION_MEMORY: {
        struct snapshot_memory *memory = &snapshot->memory[snapshot->n_memory];
        if (memory->size > 0 && memory->size <= UINT64_MAX - memory->address)
            snapshot->n_memory++;
        else
            *memory = (struct snapshot_memory){0};
        break;
    }
    case SNAPSHOT_SECTION_MODULE: {
        struct snapshot_module *module = &snapshot->modules[snapshot->n_modules];
        if (module->end > module->base)
            snapshot->n_modules++;
        else
            *module = (struct snapshot_module){.path = "", .package_note = ""};
        break;
    }
    case SNAPSHOT_SECTION_MAPPING: {
        struct snapshot_mapping *mapping = &snapshot->mappings[snapshot->n_mappings];
        if (mapping->end > mapping->start)
            snapshot->n_mappings++;
        else
            *mapping = (struct snapshot_mapping){.path = ""};
        break;
    }
    case SNAPSHOT_SECTION_END:
        snapshot->complete = true;
        break;
    default:
        break;
    }
}

static bool room_for(const struct reading *reading, unsigned section) {
    const struct snapshot *snapshot = &reading->owned->snapshot;
    switch (section) {
    case SNAPSHOT_SECTION_THREAD:
        return snapshot->threads && snapshot->n_threads < reading->limits->threads;
    case SNAPSHOT_SECTION_MEMORY:
        return snapshot->memory && snapshot->n_memory < reading->limits->memory;
    case SNAPSHOT_SECTION_MODULE:
        return snapshot->modules && snapshot->n_modules < reading->limits->modules;
    case SNAPSHOT_SECTION_MAPPING:
        return snapshot->mappings && snapshot->n_mappings < reading->limits->mappings;
    default:
        return true;
    }
}

/* section is 0 when the object is no section. */
static unsigned section_number(const uint8_t *object, size_t length) {
    /* fixarray of 2, then a positive fixint: the only way that a writer packs it. */
    return length > 2 && object[0] == 0x92 && object[1] <= 0x7f ? object[1] : 0;
}

static void decode_section(struct reading *reading, unsigned section, const uint8_t *object,
                           size_t length) {
    if (!room_for(reading, section)) {
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
                take_field(reading, section, map->ptr[i].key.via.u64, &map->ptr[i].val);
        keep_section(reading, section);
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
            uint64_t key = take_uint(&map->ptr[i].key);
            if (key == SNAPSHOT_HEADER_MAGIC)
                magic = value->type == MSGPACK_OBJECT_STR &&
                        value->via.str.size == sizeof expected - 1 &&
                        memcmp(value->via.str.ptr, expected, sizeof expected - 1) == 0;
            else if (key == SNAPSHOT_HEADER_VERSION)
                version = take_uint(value);
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

    snapshot->threads = zone_allocate(reading, threads, sizeof *snapshot->threads);
    snapshot->memory = zone_allocate(reading, memory, sizeof *snapshot->memory);
    snapshot->modules = zone_allocate(reading, modules, sizeof *snapshot->modules);
    snapshot->mappings = zone_allocate(reading, mappings, sizeof *snapshot->mappings);
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
    char *path = zone_allocate(reading, length + 1, 1);
    if (!path)
        return;
    memcpy(path, module->path, length - strlen(suffix));
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
