/* SPDX-License-Identifier: MIT */
/*
 * Alternate stacks for the main thread and all that pthread_create() makes. Large, because the
 * program's own SA_ONSTACK handlers run there too; touched only when used. The program is shown
 * that it has none, and one that sets its own keeps it.
 *
 * sigaltstack() is async-signal-safe; pthread_create() is as it was.
 */
#include "libcrashhook/altstack.h"

#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>

#include "libcrashhook/hook.h"
#include "libcrashhook/masks.h"
#include "libcrashhook/next.h"
#include "libcrashhook/syscalls.h"
#include "libcrashhook/text.h"

enum {
    STACK_SIZE = 256 * 1024,
    KEPT_STACKS = 16, /* of ended threads, for the next ones: mapping is the costly part */
    START_SLOTS = 64, /* threads that are being created at one time */
};

typedef void *start_function(void *);
typedef int create_function(pthread_t *, const pthread_attr_t *, start_function *, void *);
typedef int key_create_function(pthread_key_t *, void (*)(void *));
typedef int setspecific_function(pthread_key_t, const void *);

struct start {
    atomic_bool taken;
    start_function *function;
    void *argument;
    uint64_t blocked;
};

static struct start starts[START_SLOTS];
static _Atomic(void *) kept[KEPT_STACKS];

static struct {
    atomic_bool ready;
    create_function *create;
    setspecific_function *setspecific;
    pthread_key_t key;
    bool has_key;
} threads;

size_t altstack_mapping_size(void) {
    return hook_settings.page_size + STACK_SIZE;
}

static void install(void *mapping) {
    struct hook_thread *self = &hook_thread;
    stack_t stack = {.ss_sp = (uint8_t *)mapping + hook_settings.page_size, .ss_size = STACK_SIZE};

    if (sys(SYS_sigaltstack, &stack, NULL) == 0) {
        self->altstack = mapping;
        self->altstack_hidden = true;
    }
}

void altstack_adopt(void *mapping) {
    stack_t now;

    sys(SYS_mprotect, mapping, hook_settings.page_size, PROT_NONE);
    if (sys(SYS_sigaltstack, NULL, &now) == 0 && (now.ss_flags & SS_DISABLE) != 0)
        install(mapping);
}

static void *take_mapping(void) {
    long mapping;

    for (size_t i = 0; i < KEPT_STACKS; i++) {
        if (atomic_load_explicit(&kept[i], memory_order_relaxed) != NULL) {
            void *stack = atomic_exchange(&kept[i], NULL);
            if (stack != NULL)
                return stack;
        }
    }
    mapping = sys(SYS_mmap, NULL, altstack_mapping_size(), PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (mapping < 0)
        return NULL;
    sys(SYS_mprotect, mapping, hook_settings.page_size, PROT_NONE);
    return (void *)mapping;
}

static void give_back(void *mapping) {
    for (size_t i = 0; i < KEPT_STACKS; i++) {
        void *expected = NULL;
        if (atomic_compare_exchange_strong(&kept[i], &expected, mapping))
            return;
    }
    sys(SYS_munmap, mapping, altstack_mapping_size());
}

/* The destructor of a thread-specific value, because a wrapper around the thread's function would
 * be a frame in all of its backtraces. */
static void end_thread(void *mapping) {
    struct hook_thread *self = &hook_thread;
    const stack_t disabled = {.ss_flags = SS_DISABLE};

    if (self->altstack_hidden && sys(SYS_sigaltstack, &disabled, NULL) < 0)
        return; /* runs on it: left where it is */
    self->altstack_hidden = false;
    self->altstack = NULL;
    give_back(mapping);
}

static void *start_thread(void *argument) {
    struct start *slot = argument, start = *slot;
    void *mapping;

    atomic_store(&slot->taken, false);
    masks_start_thread(start.blocked);
    mapping = take_mapping();
    if (mapping != NULL) {
        install(mapping);
        if (threads.setspecific(threads.key, mapping) != 0)
            end_thread(mapping);
    }
    /* A tail call: no frame of ours stays on the stack. */
    return start.function(start.argument);
}

static struct start *take_start(void) {
    for (size_t i = 0; i < START_SLOTS; i++) {
        bool expected = false;
        if (!atomic_load_explicit(&starts[i].taken, memory_order_relaxed) &&
            atomic_compare_exchange_strong(&starts[i].taken, &expected, true))
            return &starts[i];
    }
    return NULL;
}

static void prepare(void) {
    static atomic_flag started = ATOMIC_FLAG_INIT;
    key_create_function *key_create;

    threads.create = (create_function *)next_symbol("pthread_create");
    if (atomic_flag_test_and_set(&started))
        return;
    key_create = (key_create_function *)next_symbol("pthread_key_create");
    threads.setspecific = (setspecific_function *)next_symbol("pthread_setspecific");
    threads.has_key = key_create != NULL && threads.setspecific != NULL &&
                      key_create(&threads.key, end_thread) == 0;
    atomic_store(&threads.ready, true);
}

EXPORT int pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          start_function *function, void *argument) {
    struct start *start;
    int result;

    hook_start();
    if (!atomic_load(&threads.ready))
        prepare();
    if (threads.create == NULL)
        return EAGAIN;
    if (!hook_settings.active || !atomic_load(&threads.ready) || !threads.has_key ||
        (start = take_start()) == NULL)
        return threads.create(thread, attributes, function, argument);
    start->function = function;
    start->argument = argument;
    start->blocked = hook_thread.blocked;
    result = threads.create(thread, attributes, start_thread, start);
    if (result != 0)
        atomic_store(&start->taken, false);
    return result;
}

static bool is_ours(const stack_t *stack) {
    return hook_thread.altstack != NULL &&
           stack->ss_sp == (uint8_t *)hook_thread.altstack + hook_settings.page_size;
}

EXPORT int sigaltstack(const stack_t *wanted, stack_t *old) {
    struct hook_thread *self = &hook_thread;
    stack_t seen;
    long result;

    hook_start();
    if (wanted != NULL && (wanted->ss_flags & SS_DISABLE) != 0 && self->altstack != NULL) {
        const stack_t ours = {.ss_sp = (uint8_t *)self->altstack + hook_settings.page_size,
                              .ss_size = STACK_SIZE};
        result = sys(SYS_sigaltstack, &ours, &seen);
        self->altstack_hidden = self->altstack_hidden || result == 0;
    } else {
        result = sys(SYS_sigaltstack, wanted, &seen);
        if (wanted != NULL && result == 0)
            self->altstack_hidden = false;
    }
    if (result < 0) {
        errno = (int)-result;
        return -1;
    }
    if (old != NULL) {
        if (is_ours(&seen))
            *old = (stack_t){.ss_flags = SS_DISABLE};
        else
            *old = seen;
    }
    return 0;
}
