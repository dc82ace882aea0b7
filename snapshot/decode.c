/* SPDX-License-Identifier: MIT */
#include "snapshot/decode.h"

#include "snapshot/values.h"

static void take_header(struct reading *reading, uint64_t key, const msgpack_object *value) {
    struct snapshot *snapshot = &reading->owned->snapshot;
    switch (key) {
    case SNAPSHOT_HEADER_WRITER:
        snapshot->writer = value_string(reading, value);
        break;
    case SNAPSHOT_HEADER_ARCH:
        snapshot->arch = value_string(reading, value);
        break;
    case SNAPSHOT_HEADER_TIME:
        snapshot->time = value_uint(value);
        break;
    case SNAPSHOT_HEADER_UPTIME:
        snapshot->uptime = value_uint(value);
        break;
    case SNAPSHOT_HEADER_PAGE_SIZE:
        snapshot->page_size = value_uint(value);
        break;
    case SNAPSHOT_HEADER_CAUSE_FIRST:
        snapshot->cause_first = value_bool(value);
        break;
    case SNAPSHOT_HEADER_HANDLED:
        snapshot->handled = value_bool(value);
        break;
    case SNAPSHOT_HEADER_EXIT_STATUS:
        snapshot->exit_status = value_uint32(value);
        break;
    default:
        break;
    }
}

static void take_process(struct reading *reading, uint64_t key, const msgpack_object *value) {
    struct snapshot_process *process = &reading->owned->snapshot.process;
    switch (key) {
    case SNAPSHOT_PROCESS_PID:
        process->pid = value_uint32(value);
        break;
    case SNAPSHOT_PROCESS_PPID:
        process->ppid = value_uint32(value);
        break;
    case SNAPSHOT_PROCESS_UID:
        process->uid = value_uint32(value);
        break;
    case SNAPSHOT_PROCESS_EUID:
        process->euid = value_uint32(value);
        break;
    case SNAPSHOT_PROCESS_GID:
        process->gid = value_uint32(value);
        break;
    case SNAPSHOT_PROCESS_EGID:
        process->egid = value_uint32(value);
        break;
    case SNAPSHOT_PROCESS_EXE:
        process->exe = value_string(reading, value);
        break;
    case SNAPSHOT_PROCESS_COMM:
        process->comm = value_string(reading, value);
        break;
    case SNAPSHOT_PROCESS_ARGS:
        process->args = value_strings(reading, value, &process->n_args);
        break;
    case SNAPSHOT_PROCESS_CWD:
        process->cwd = value_string(reading, value);
        break;
    case SNAPSHOT_PROCESS_START:
        process->start = value_uint(value);
        break;
    case SNAPSHOT_PROCESS_SECURE:
        process->secure = value_bool(value);
        break;
    case SNAPSHOT_PROCESS_DUMPABLE:
        process->dumpable = value_uint32(value);
        break;
    case SNAPSHOT_PROCESS_TRACER:
        process->tracer = value_uint32(value);
        break;
    case SNAPSHOT_PROCESS_LIBC:
        process->libc = value_string(reading, value);
        break;
    case SNAPSHOT_PROCESS_THREADS:
        process->threads = value_uint32(value);
        break;
    default:
        break;
    }
}

static void take_signal(struct reading *reading, uint64_t key, const msgpack_object *value) {
    struct snapshot_signal *signal = &reading->owned->snapshot.signal;
    switch (key) {
    case SNAPSHOT_SIGNAL_NUMBER:
        signal->number = value_int(value);
        break;
    case SNAPSHOT_SIGNAL_CODE:
        signal->code = value_int(value);
        break;
    case SNAPSHOT_SIGNAL_ERRNO:
        signal->errnum = value_int(value);
        break;
    case SNAPSHOT_SIGNAL_ADDRESS:
        signal->address = value_uint(value);
        break;
    case SNAPSHOT_SIGNAL_SENDER_PID:
        signal->sender_pid = value_uint32(value);
        break;
    case SNAPSHOT_SIGNAL_SENDER_UID:
        signal->sender_uid = value_uint32(value);
        break;
    case SNAPSHOT_SIGNAL_TRAPNO:
        signal->has_trap = true;
        signal->trapno = value_uint(value);
        break;
    case SNAPSHOT_SIGNAL_ERR:
        signal->err = value_uint(value);
        break;
    case SNAPSHOT_SIGNAL_CR2:
        signal->cr2 = value_uint(value);
        break;
    case SNAPSHOT_SIGNAL_SYSCALL:
        signal->syscall = value_uint32(value);
        break;
    case SNAPSHOT_SIGNAL_SENDER_COMM:
        signal->sender_comm = value_string(reading, value);
        break;
    case SNAPSHOT_SIGNAL_FINAL_NUMBER:
        signal->final_number = value_int(value);
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
        thread->registers[i] = value_uint(&value->via.array.ptr[i]);
    /* KNOWN, when the writer gives it, has the higher key and comes later. */
    thread->known = n ? ~UINT64_C(0) >> (64 - n) : 0;
}

static void take_thread(struct reading *reading, uint64_t key, const msgpack_object *value) {
    struct snapshot *snapshot = &reading->owned->snapshot;
    struct snapshot_thread *thread = &snapshot->threads[snapshot->n_threads];
    switch (key) {
    case SNAPSHOT_THREAD_TID:
        thread->tid = value_uint32(value);
        break;
    case SNAPSHOT_THREAD_NAME:
        thread->name = value_string(reading, value);
        break;
    case SNAPSHOT_THREAD_CRASHED:
        thread->crashed = value_bool(value);
        break;
    case SNAPSHOT_THREAD_STATE:
        thread->state = value_string(reading, value);
        break;
    case SNAPSHOT_THREAD_REGISTERS:
        take_registers(thread, value);
        break;
    case SNAPSHOT_THREAD_KNOWN:
        thread->known &= value_uint(value);
        break;
    case SNAPSHOT_THREAD_MISSING:
        thread->missing = value_string(reading, value);
        break;
    case SNAPSHOT_THREAD_SYSCALL:
        thread->has_syscall = true;
        thread->syscall = value_uint32(value);
        break;
    case SNAPSHOT_THREAD_VECTORS:
        if (value->type == MSGPACK_OBJECT_BIN &&
            value->via.bin.size == SNAPSHOT_VECTORS * SNAPSHOT_VECTOR_SIZE)
            thread->vectors = (const uint8_t *)value->via.bin.ptr;
        break;
    case SNAPSHOT_THREAD_STACK_LIMIT:
        thread->stack_limit = value_uint(value);
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
        memory->address = value_uint(value);
        break;
    case SNAPSHOT_MEMORY_KIND:
        memory->kind = (enum snapshot_memory_kind)value_uint32(value);
        break;
    case SNAPSHOT_MEMORY_TID:
        memory->tid = value_uint32(value);
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
        module->path = value_string(reading, value);
        break;
    case SNAPSHOT_MODULE_BASE:
        module->base = value_uint(value);
        break;
    case SNAPSHOT_MODULE_END:
        module->end = value_uint(value);
        break;
    case SNAPSHOT_MODULE_BUILD_ID:
        if (value->type == MSGPACK_OBJECT_BIN && value->via.bin.size <= 64) {
            module->build_id = (const uint8_t *)value->via.bin.ptr;
            module->build_id_size = value->via.bin.size;
        }
        break;
    case SNAPSHOT_MODULE_BIAS:
        module->bias = value_uint(value);
        break;
    case SNAPSHOT_MODULE_DEVICE:
        module->device = value_uint(value);
        break;
    case SNAPSHOT_MODULE_INODE:
        module->inode = value_uint(value);
        break;
    case SNAPSHOT_MODULE_FLAGS:
        module->flags = value_uint32(value);
        break;
    case SNAPSHOT_MODULE_PACKAGE_NOTE:
        module->package_note = value_string(reading, value);
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
        mapping->start = value_uint(value);
        break;
    case SNAPSHOT_MAPPING_END:
        mapping->end = value_uint(value);
        break;
    case SNAPSHOT_MAPPING_PROT:
        mapping->prot = value_uint32(value);
        break;
    case SNAPSHOT_MAPPING_OFFSET:
        mapping->offset = value_uint(value);
        break;
    case SNAPSHOT_MAPPING_INODE:
        mapping->inode = value_uint(value);
        break;
    case SNAPSHOT_MAPPING_PATH:
        mapping->path = value_string(reading, value);
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
        snapshot->exception.type = value_string(reading, value);
        break;
    case SNAPSHOT_EXCEPTION_WHAT:
        snapshot->exception.what = value_string(reading, value);
        break;
    case SNAPSHOT_EXCEPTION_CAUGHT:
        snapshot->exception.caught = value_bool(value);
        break;
    case SNAPSHOT_EXCEPTION_UNCAUGHT:
        snapshot->exception.uncaught = value_uint32(value);
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
        snapshot->sanitizer.name = value_string(reading, value);
        break;
    case SNAPSHOT_SANITIZER_KIND:
        snapshot->sanitizer.kind = value_string(reading, value);
        break;
    case SNAPSHOT_SANITIZER_TEXT:
        snapshot->sanitizer.text = value_string(reading, value);
        break;
    default:
        break;
    }
}

static void take_end(struct reading *reading, uint64_t key, const msgpack_object *value) {
    struct snapshot *snapshot = &reading->owned->snapshot;
    switch (key) {
    case SNAPSHOT_END_PAUSE:
        snapshot->pause = value_uint(value);
        break;
    case SNAPSHOT_END_DROPPED_MEMORY:
        snapshot->dropped_memory = value_uint(value);
        break;
    case SNAPSHOT_END_DROPPED_THREADS:
        snapshot->dropped_threads = value_uint32(value);
        break;
    case SNAPSHOT_END_DROPPED_MODULES:
        snapshot->dropped_modules = value_uint32(value);
        break;
    case SNAPSHOT_END_NOTE:
        snapshot->note = value_string(reading, value);
        break;
    default:
        break;
    }
}

void decode_field(struct reading *reading, unsigned section, uint64_t key,
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
            snapshot->abort_text = value_string(reading, value);
        break;
    case SNAPSHOT_SECTION_EXCEPTION:
        take_exception(reading, key, value);
        break;
    case SNAPSHOT_SECTION_SANITIZER:
        take_sanitizer(reading, key, value);
        break;
    case SNAPSHOT_SECTION_ENVIRONMENT:
        if (key == SNAPSHOT_ENVIRONMENT_VARIABLES)
            snapshot->environment = value_pairs(reading, value, &snapshot->n_environment);
        break;
    case SNAPSHOT_SECTION_SCOPE:
        decode_scope(reading, key, value);
        break;
    case SNAPSHOT_SECTION_BREADCRUMB:
        decode_breadcrumb(reading, key, value);
        break;
    case SNAPSHOT_SECTION_CONTEXT:
        decode_context(reading, key, value);
        break;
    case SNAPSHOT_SECTION_END:
        take_end(reading, key, value);
        break;
    default:
        break;
    }
}

void decode_keep(struct reading *reading, unsigned section) {
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
    case SNAPSHOT_SECTION_BREADCRUMB:
        snapshot->n_breadcrumbs++;
        break;
    case SNAPSHOT_SECTION_CONTEXT:
        snapshot->n_contexts++;
        break;
    case SNAPSHOT_SECTION_END:
        snapshot->complete = true;
        break;
    default:
        break;
    }
}

bool decode_has_room(const struct reading *reading, unsigned section) {
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
    case SNAPSHOT_SECTION_BREADCRUMB:
        return snapshot->breadcrumbs && snapshot->n_breadcrumbs < reading->limits->breadcrumbs;
    case SNAPSHOT_SECTION_CONTEXT:
        return snapshot->contexts && snapshot->n_contexts < reading->limits->contexts;
    default:
        return true;
    }
}
