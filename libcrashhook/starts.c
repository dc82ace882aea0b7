/* SPDX-License-Identifier: MIT */
/*
 * Threads are made ready to die, and their alternate stacks taken back. pthread_create() is as it
 * was; nothing here runs in a signal handler.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>

#include "libcrashhook/altstack.h"
#include "libcrashhook/hook.h"
#include "libcrashhook/late.h"
#include "libcrashhook/masks.h"
#include "libcrashhook/next.h"

enum {
    START_SLOTS = 256, /* threads that are being created at one time */
    C11_SUCCESS = 0,   /* <threads.h> is newer than what we run on */
    C11_ERROR = 2,
};

typedef void *start_function(void *);
typedef int create_function(pthread_t *, const pthread_attr_t *, start_function *, void *);
typedef int c11_start_function(void *);
typedef int create_c11_function(pthread_t *, c11_start_function *, void *);
typedef int key_create_function(pthread_key_t *, void (*)(void *));
typedef int key_delete_function(pthread_key_t);
typedef int setspecific_function(pthread_key_t, const void *);
typedef int getsigmask_function(const pthread_attr_t *, sigset_t *);

struct start {
    atomic_bool taken;
    start_function *function;
    void *argument;
    uint64_t blocked;
    const struct sandbox_filter *sandbox;
};

static struct start starts[START_SLOTS] APART;
static atomic_uint next_start_slot;

static struct {
    setspecific_function *setspecific;
    pthread_key_t key;
    atomic_bool has_key;
} ends;

/* The destructor of a thread-specific value, because a wrapper around the thread's function would
 * be a frame in all of its backtraces. */
static void end_thread(void *mapping) {
    altstack_give_back(mapping);
}

static void *start_thread(void *argument) {
    struct start *slot = argument, start = *slot;
    void *mapping;

    atomic_store(&slot->taken, false);
    hook_thread.sandbox = start.sandbox;
    masks_start_thread(start.blocked);
    mapping = atomic_load(&ends.has_key) ? altstack_take() : NULL;
    if (mapping != NULL) {
        altstack_install(mapping);
        if (ends.setspecific(ends.key, mapping) != 0)
            end_thread(mapping);
    }
    /* A tail call: no frame of ours stays on the stack. */
    return start.function(start.argument);
}

static struct start *take_slot(void) {
    unsigned first = atomic_fetch_add_explicit(&next_start_slot, 1, memory_order_relaxed);

    for (unsigned i = 0; i < START_SLOTS; i++) {
        struct start *slot = &starts[(first + i) % START_SLOTS];
        bool expected = false;
        if (!atomic_load_explicit(&slot->taken, memory_order_relaxed) &&
            atomic_compare_exchange_strong(&slot->taken, &expected, true))
            return slot;
    }
    return NULL;
}

static void prepare(void) {
    static atomic_flag started = ATOMIC_FLAG_INIT;
    key_create_function *key_create;

    if (atomic_flag_test_and_set(&started))
        return;
    key_create = (key_create_function *)next_symbol("pthread_key_create");
    ends.setspecific = (setspecific_function *)next_symbol("pthread_setspecific");
    if (key_create != NULL && ends.setspecific != NULL && key_create(&ends.key, end_thread) == 0)
        atomic_store(&ends.has_key, true);
}

/* Attributes may hold a mask for the thread, which then does not inherit one. */
static uint64_t inherited_mask(const pthread_attr_t *attributes) {
    static _Atomic(void *) next;
    getsigmask_function *get;
    sigset_t mask;

    if (attributes == NULL || hook_thread.blocked == 0)
        return hook_thread.blocked;
    get = (getsigmask_function *)next_function(&next, "pthread_attr_getsigmask_np");
    return get != NULL && get(attributes, &mask) == 0 ? 0 : hook_thread.blocked;
}

static struct start *prepare_start(start_function *function, void *argument, uint64_t blocked) {
    struct start *slot;

    late_check();
    if (!hook_settings.active)
        return NULL;
    prepare();
    slot = take_slot();
    if (slot == NULL)
        return NULL;
    slot->function = function;
    slot->argument = argument;
    slot->blocked = blocked;
    slot->sandbox = hook_thread.sandbox;
    return slot;
}

EXPORT int pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          start_function *function, void *argument) {
    static _Atomic(void *) next;
    create_function *create;
    struct start *start;
    uint64_t blocked;
    int result;

    hook_start();
    create = (create_function *)next_function(&next, "pthread_create");
    if (create == NULL)
        return EAGAIN;
    start = prepare_start(function, argument, inherited_mask(attributes));
    if (start == NULL)
        return create(thread, attributes, function, argument);
    blocked = masks_before_create();
    result = create(thread, attributes, start_thread, start);
    masks_after_create(blocked);
    if (result != 0)
        atomic_store(&start->taken, false);
    return result;
}

/* The thread's result stays in the register where both kinds of functions leave it. */
EXPORT int thrd_create(pthread_t *thread, c11_start_function *function, void *argument);
EXPORT int thrd_create(pthread_t *thread, c11_start_function *function, void *argument) {
    static _Atomic(void *) next;
    create_c11_function *create;
    struct start *start;
    uint64_t blocked;
    int result;

    hook_start();
    create = (create_c11_function *)next_function(&next, "thrd_create");
    if (create == NULL)
        return C11_ERROR;
    start = prepare_start((start_function *)(void *)function, argument, hook_thread.blocked);
    if (start == NULL)
        return create(thread, function, argument);
    blocked = masks_before_create();
    result = create(thread, (c11_start_function *)(void *)start_thread, start);
    masks_after_create(blocked);
    if (result != C11_SUCCESS)
        atomic_store(&start->taken, false);
    return result;
}

/* A program that needs the last key gets ours; from then on its threads overflow unreported. */
static bool release_key(void) {
    key_delete_function *key_delete = (key_delete_function *)next_symbol("pthread_key_delete");
    bool expected = true;

    return key_delete != NULL && atomic_compare_exchange_strong(&ends.has_key, &expected, false) &&
           key_delete(ends.key) == 0;
}

EXPORT int pthread_key_create(pthread_key_t *key, void (*destructor)(void *)) {
    static _Atomic(void *) next;
    key_create_function *create;
    int result;

    hook_start();
    create = (key_create_function *)next_function(&next, "pthread_key_create");
    if (create == NULL)
        return EAGAIN;
    result = create(key, destructor);
    if (result == EAGAIN && release_key())
        result = create(key, destructor);
    return result;
}

EXPORT int tss_create(pthread_key_t *key, void (*destructor)(void *));
EXPORT int tss_create(pthread_key_t *key, void (*destructor)(void *)) {
    static _Atomic(void *) next;
    key_create_function *create;
    int result;

    hook_start();
    create = (key_create_function *)next_function(&next, "tss_create");
    if (create == NULL)
        return C11_ERROR;
    result = create(key, destructor);
    if (result == C11_ERROR && release_key())
        result = create(key, destructor);
    return result;
}
