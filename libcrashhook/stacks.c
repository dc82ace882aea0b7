/* SPDX-License-Identifier: MIT */
/* Async-signal-safe. */
#include "libcrashhook/stacks.h"

#include "libcrashhook/capture.h"
#include "libcrashhook/dispositions.h"
#include "libcrashhook/hook.h"
#include "libcrashhook/text.h"

enum {
    STACK_SIZE = 64 * 1024,
    STACK_MIN = 1024, /* where there are thousands of threads */
    STACK_BASE_SIZE = 16 * 1024,
    THREAD_SECTION_SIZE = 512,
    CRASHED_SECTION_SIZE = 1024,
    /* What a thread's sections take beside the stack. */
    THREAD_OVERHEAD = 320,
    /* A frame may have jumped over the guard page of its stack by so much. */
    OVERFLOW_REACH = 8 * 1024 * 1024,
    /* Of the thread's own block, behind its pointer: what finds its variables. The stack is below.
     */
    THREAD_BLOCK = 64,
    STACK_PARTS_MAX = 64,
    SIGNAL_LEVELS = 3,
    SIGNAL_FRAME_MAX = 512,
};

struct stack {
    uint64_t start, end; /* what there is of it */
    uint64_t limit;      /* end of the mapping */
};

static bool is_readable_stack(const struct mapping *mapping) {
    return (mapping->prot & SNAPSHOT_PROT_WRITE) != 0 && maps_may_read(mapping);
}

/* With other rights than the rest a part of a stack is a mapping of its own. It goes on into the
 * next ones if these lead up to what is known to be the thread's. */
static uint64_t end_of_stack(const struct capture *capture, const struct mapping *mapping,
                             uint64_t thread_pointer) {
    const struct mapping *last = capture->maps.mappings + capture->maps.count - 1, *part = mapping;

    for (int i = 0; i < STACK_PARTS_MAX && maps_may_read(part); i++, part++) {
        if ((thread_pointer >= part->start && thread_pointer < part->end) ||
            (part->path != NULL && text_begins(part->path, "[stack]")))
            return part->end;
        if (part == last || part[1].start != part->end || part[1].inode != 0)
            break;
    }
    return mapping->end;
}

uint64_t stacks_readable_sp(struct capture *capture, uint64_t sp) {
    const struct mapping *mapping = maps_find_from(&capture->maps, sp);
    const struct mapping *end = capture->maps.mappings + capture->maps.count;

    /* Anonymous memory that sp points to is a stack, even where it may not be written. */
    if (capture->maps.partial ||
        (mapping != NULL && mapping->start <= sp && mapping->inode == 0 && maps_may_read(mapping)))
        return sp;
    for (; mapping != NULL && mapping < end && mapping->start < sp + OVERFLOW_REACH; mapping++) {
        if (is_readable_stack(mapping))
            return mapping->start > sp ? mapping->start : sp;
    }
    return sp;
}

static struct stack find_stack(struct capture *capture, uint64_t sp, uint64_t thread_pointer) {
    const struct mapping *mapping;
    struct stack stack = {.start = stacks_readable_sp(capture, sp)};

    mapping = maps_find(&capture->maps, stack.start);
    if (mapping == NULL ||
        (!is_readable_stack(mapping) && (mapping->inode != 0 || !maps_may_read(mapping)))) {
        /* No list of mappings, or a wild pointer: whatever can be read. */
        bool unknown = capture->maps.partial || (mapping == NULL && capture->maps.dropped > 0);
        stack.end = unknown ? stack.start + STACK_SIZE : stack.start;
        return stack;
    }
    if (stack.start == sp)
        stack.start = sp - mapping->start < ARCH_RED_ZONE ? mapping->start : sp - ARCH_RED_ZONE;
    stack.limit = stack.end = end_of_stack(capture, mapping, thread_pointer);
    /* Stacks of threads often adjoin other memory; the thread's own block lies on top of them. */
    if (thread_pointer > sp && thread_pointer < stack.end &&
        stack.end - thread_pointer > THREAD_BLOCK)
        stack.end = thread_pointer + THREAD_BLOCK;
    return stack;
}

static uint64_t stack_size(const struct stack *stack, uint64_t most) {
    uint64_t size = stack->end - stack->start;

    return size < most ? size : most;
}

/* Looks for a signal frame in the stack; the stack pointer that it saved, 0 if there is none. */
static uint64_t find_interrupted(struct capture *capture, uint64_t start, uint64_t size,
                                 uint64_t return_address) {
    uint64_t *words = (uint64_t *)capture->scratch, at = start & ~(uint64_t)7;
    uint8_t frame[SIGNAL_FRAME_MAX];

    while (at < start + size) {
        uint64_t left = start + size - at;
        size_t got = memory_read(&capture->memory, at, words,
                                 left < CAPTURE_SCRATCH_SIZE ? left : CAPTURE_SCRATCH_SIZE);
        for (size_t i = 0; i < got / sizeof *words; i++) {
            uint64_t sp;
            if (words[i] != return_address ||
                !memory_read_all(&capture->memory, at + i * sizeof *words, frame,
                                 arch_signal_frame_size()))
                continue;
            sp = arch_signal_frame_sp(frame);
            if (maps_find_from(&capture->maps, sp) != NULL)
                return sp;
        }
        if (got < CAPTURE_SCRATCH_SIZE)
            break;
        at += got;
    }
    return 0;
}

/* Where a handler runs on an alternate stack, the story is on the one that it interrupted. */
static void write_interrupted(struct capture *capture, int tid, const struct stack *first,
                              uint64_t thread_pointer, uint64_t most) {
    uint64_t return_address = dispositions_signal_return();
    struct stack stack = *first;

    for (int level = 0; level < SIGNAL_LEVELS && return_address != 0; level++) {
        uint64_t sp =
            find_interrupted(capture, stack.start, stack_size(&stack, STACK_SIZE), return_address);
        if (sp == 0)
            return;
        if (sp >= stack.start && sp < stack.limit) {
            /* On the same stack: what is above is captured already, a further frame may be there.
             */
            stack.start = sp;
            continue;
        }
        stack = find_stack(capture, sp, thread_pointer);
        capture_memory(capture, SNAPSHOT_MEMORY_KIND_INTERRUPTED, tid, stack.start,
                       stack_size(&stack, most));
    }
}

static void write_registers(struct capture *capture, const uint64_t *registers, uint64_t known) {
    snapshot_writer_u64s(&capture->writer, SNAPSHOT_THREAD_REGISTERS, registers,
                         SNAPSHOT_REGISTER_COUNT);
    snapshot_writer_uint(&capture->writer, SNAPSHOT_THREAD_KNOWN, known);
}

static void write_vectors(struct capture *capture, uint64_t address) {
    uint8_t vectors[SNAPSHOT_VECTORS * SNAPSHOT_VECTOR_SIZE];

    if (address != 0 && memory_read_all(&capture->memory, address, vectors, sizeof vectors))
        snapshot_writer_bin(&capture->writer, SNAPSHOT_THREAD_VECTORS, vectors, sizeof vectors);
}

static void write_name(struct capture *capture, int tid) {
    char path[48], name[32];
    struct text text = text_in(path, sizeof path);
    long length;

    text_add(&text, "task/");
    text_add_number(&text, (uint64_t)tid);
    text_add(&text, "/comm");
    length = procfs_read(capture->proc, path, name, sizeof name);
    if (length > 1)
        snapshot_writer_str(&capture->writer, SNAPSHOT_THREAD_NAME, name, (size_t)length - 1);
}

/* Where the stack begins for one who fell off it: a prologue that moves sp over the guard page ends
 * in whatever lies below, and faults in the guard only at its first access. */
static uint64_t above_the_guard(struct capture *capture, uint64_t sp, uint64_t fault) {
    const struct mapping *guard = maps_find(&capture->maps, fault);

    if (fault < sp || fault - sp > OVERFLOW_REACH || guard == NULL || guard->prot != 0)
        return sp;
    return guard->end;
}

/* A guard that was made by madvise() (glibc 2.42) is no mapping of its own: only reading tells. */
static void leave_guard(struct capture *capture, struct stack *stack) {
    uint64_t at = stack->start;
    uint8_t byte;

    while (at < stack->end && at - stack->start < OVERFLOW_REACH) {
        if (memory_read(&capture->memory, at, &byte, 1) == 1) {
            stack->start = at;
            return;
        }
        at = (at | (hook_settings.page_size - 1)) + 1;
    }
}

void stacks_write_crashed(struct capture *capture) {
    struct snapshot_writer *writer = &capture->writer;
    const struct cause *cause = capture->request.cause;
    uint64_t thread_pointer = cause->registers[SNAPSHOT_REGISTER_FS_BASE];
    uint64_t sp = above_the_guard(capture, cause->registers[SNAPSHOT_REGISTER_RSP],
                                  (uint64_t)cause->info.si_addr);
    struct stack stack = find_stack(capture, sp, thread_pointer);
    uint64_t size, rest;
    int tid = capture->request.tid;

    if (!capture->secret)
        leave_guard(capture, &stack);
    size = stack_size(&stack, STACK_SIZE);
    rest = stack.end - stack.start - size;

    snapshot_writer_begin(writer, SNAPSHOT_SECTION_THREAD, CRASHED_SECTION_SIZE);
    snapshot_writer_uint(writer, SNAPSHOT_THREAD_TID, (uint64_t)tid);
    write_name(capture, tid);
    snapshot_writer_bool(writer, SNAPSHOT_THREAD_CRASHED, true);
    write_registers(capture, cause->registers, cause->known);
    if (!capture->secret)
        write_vectors(capture, cause->vectors);
    if (capture->secret)
        capture_string(capture, SNAPSHOT_THREAD_MISSING,
                       "the process is not dumpable: its memory is not read");
    if (stack.limit != 0)
        snapshot_writer_uint(writer, SNAPSHOT_THREAD_STACK_LIMIT, stack.limit);
    snapshot_writer_end(writer);
    if (capture->secret)
        return;
    capture_memory(capture, SNAPSHOT_MEMORY_KIND_STACK, tid, stack.start, size);
    if (rest > STACK_BASE_SIZE) {
        capture->dropped_memory += rest - STACK_BASE_SIZE;
        rest = STACK_BASE_SIZE;
    }
    if (rest > 0)
        capture_memory(capture, SNAPSHOT_MEMORY_KIND_STACK_BASE, tid, stack.end - rest, rest);
    write_interrupted(capture, tid, &stack, thread_pointer, STACK_SIZE);
}

/* Of another thread than the crashed one. */
static void write_stack(struct capture *capture, int tid, const struct stack *stack,
                        uint64_t most) {
    uint64_t size = stack_size(stack, most);

    if (!capture_has_room(capture, STACK_MIN)) {
        capture->dropped_threads++;
        return;
    }
    capture->dropped_memory += stack->end - stack->start - size;
    capture_memory(capture, SNAPSHOT_MEMORY_KIND_STACK, tid, stack->start, size);
}

static void write_frozen(struct capture *capture, const struct frozen *frozen, uint64_t most) {
    struct snapshot_writer *writer = &capture->writer;
    uint64_t registers[SNAPSHOT_REGISTER_COUNT], known;
    int tid = atomic_load(&frozen->tid);
    struct stack stack;

    if (!capture_has_room(capture, THREAD_OVERHEAD)) {
        capture->dropped_threads++;
        return;
    }
    arch_registers(frozen->context, frozen->thread_pointer, registers, &known);
    stack = find_stack(capture, registers[SNAPSHOT_REGISTER_RSP], frozen->thread_pointer);
    snapshot_writer_begin(writer, SNAPSHOT_SECTION_THREAD, THREAD_SECTION_SIZE);
    snapshot_writer_uint(writer, SNAPSHOT_THREAD_TID, (uint64_t)tid);
    snapshot_writer_str(writer, SNAPSHOT_THREAD_NAME, frozen->name,
                        text_length_max(frozen->name, sizeof frozen->name));
    write_registers(capture, registers, known);
    if (stack.limit != 0)
        snapshot_writer_uint(writer, SNAPSHOT_THREAD_STACK_LIMIT, stack.limit);
    snapshot_writer_end(writer);
    if (capture->secret)
        return;
    write_stack(capture, tid, &stack, most);
}

/* "0 0x3 0x7f.. 0x400 .. 0x7ffe1000 0x7f0c": the call, six arguments, sp and pc. */
static bool parse_syscall(const char *at, uint64_t *call, uint64_t *sp, uint64_t *pc) {
    uint64_t words[8];

    if (!text_number(&at, 10, call))
        return false;
    for (size_t i = 0; i < 8; i++) {
        if (!text_begins(at, " 0x"))
            return false;
        at += 3;
        if (!text_number(&at, 16, &words[i]))
            return false;
    }
    *sp = words[6];
    *pc = words[7];
    return true;
}

/* A thread that did not stop: the kernel may tell where it waits. */
static void write_unfrozen(struct capture *capture, int tid, uint64_t most) {
    struct snapshot_writer *writer = &capture->writer;
    uint64_t registers[SNAPSHOT_REGISTER_COUNT] = {0}, call;
    char path[48], line[256], state[2] = {0};
    struct text text = text_in(path, sizeof path);
    struct stack stack = {0};
    bool known;

    if (!capture_has_room(capture, THREAD_OVERHEAD)) {
        capture->dropped_threads++;
        return;
    }
    text_add(&text, "task/");
    text_add_number(&text, (uint64_t)tid);
    text_add(&text, "/syscall");
    state[0] = procfs_task_state(capture->proc, tid);
    known = procfs_read(capture->proc, path, line, sizeof line) > 0 &&
            parse_syscall(line, &call, &registers[SNAPSHOT_REGISTER_RSP],
                          &registers[SNAPSHOT_REGISTER_RIP]);
    snapshot_writer_begin(writer, SNAPSHOT_SECTION_THREAD, THREAD_SECTION_SIZE);
    snapshot_writer_uint(writer, SNAPSHOT_THREAD_TID, (uint64_t)tid);
    write_name(capture, tid);
    if (state[0] != 0)
        capture_string(capture, SNAPSHOT_THREAD_STATE, state);
    if (known) {
        stack = find_stack(capture, registers[SNAPSHOT_REGISTER_RSP], 0);
        write_registers(capture, registers,
                        (uint64_t)1 << SNAPSHOT_REGISTER_RSP | (uint64_t)1
                                                                   << SNAPSHOT_REGISTER_RIP);
        snapshot_writer_uint(writer, SNAPSHOT_THREAD_SYSCALL, call);
    } else {
        capture_string(capture, SNAPSHOT_THREAD_MISSING,
                       state[0] == 0 ? "the thread has ended" : "the thread did not stop in time");
    }
    snapshot_writer_end(writer);
    if (known && !capture->secret)
        write_stack(capture, tid, &stack, most);
}

/* Of the room that is left, so that each thread has some. */
static uint64_t share(const struct capture *capture, unsigned n_threads) {
    uint64_t used = capture->writer.written + capture->writer.used, each;

    each = used < CAPTURE_BUDGET ? (CAPTURE_BUDGET - used) / (n_threads + 1) : 0;
    each = each > THREAD_OVERHEAD ? each - THREAD_OVERHEAD : 0;
    if (each > STACK_SIZE)
        return STACK_SIZE;
    return each < STACK_MIN ? STACK_MIN : each;
}

void stacks_write_others(struct capture *capture) {
    struct threads *threads = &capture->threads;
    const struct freeze *freeze = &threads->freeze;
    unsigned arrived;
    uint64_t most;

    if (threads->n_tids == 0)
        return;
    threads_wait(threads, capture->proc);
    most = share(capture, threads->n_tids);
    arrived = atomic_load(&freeze->arrived);
    for (unsigned i = 0; i < arrived && i < freeze->slots; i++) {
        if (atomic_load(&freeze->frozen[i].tid) != 0)
            write_frozen(capture, &freeze->frozen[i], most);
    }
    for (unsigned i = 0; i < threads->n_tids; i++) {
        if (!threads->stopped[i])
            write_unfrozen(capture, threads->tids[i], most);
    }
}
