/* SPDX-License-Identifier: MIT */
/*
 * In place of dlsym(RTLD_NEXT), which takes locks, may allocate, and lives in another library
 * before glibc 2.34: loading that one would cost every process more than all the rest of the hook.
 *
 * The linker's list is walked without its lock: the part that was there at the start is never
 * unloaded. What is not found there (old glibc's libdl and libpthread may come later, and are who
 * calls) is not remembered. Async-signal-safe.
 */
#include "libcrashhook/next.h"

#include <link.h>

#include "libcrashhook/hook.h"
#include "libcrashhook/symbols.h"

static const struct link_map *program, *own, *first, *last;

static const struct r_debug *find_debug(void) {
    const ElfW(Phdr) *headers = (const ElfW(Phdr) *)hook_settings.headers;
    const ElfW(Dyn) *dynamic = NULL;
    uint64_t bias = 0;

    for (size_t i = 0; i < hook_settings.n_headers; i++) {
        if (headers[i].p_type == PT_PHDR)
            bias = hook_settings.headers - headers[i].p_vaddr;
        else if (headers[i].p_type == PT_DYNAMIC)
            dynamic = (const ElfW(Dyn) *)headers[i].p_vaddr;
    }
    if (dynamic == NULL)
        return NULL;
    for (dynamic = (const ElfW(Dyn) *)((uint64_t)dynamic + bias); dynamic->d_tag != DT_NULL;
         dynamic++) {
        if (dynamic->d_tag == DT_DEBUG)
            return (const struct r_debug *)dynamic->d_un.d_ptr;
    }
    return NULL;
}

void next_start(void) {
    const struct r_debug *debug = find_debug();
    const struct link_map *object = debug != NULL ? debug->r_map : NULL;

    program = object;
    for (; object != NULL; object = object->l_next) {
        if (object->l_ld == _DYNAMIC) {
            own = object;
            first = object->l_next;
        }
        last = object;
    }
}

static size_t find(const struct link_map *object, const struct link_map *end, const char *name,
                   void **found, size_t room) {
    struct memory memory = {.direct = true};
    size_t count = 0;

    for (; object != end && count < room; object = object->l_next) {
        struct symbols symbols;
        uint64_t size, address;
        if (symbols_open(&symbols, object->l_addr, (uint64_t)object->l_ld, &memory) &&
            (address = symbols_find(&symbols, name, &size)) != 0)
            found[count++] = (void *)address;
    }
    return count;
}

static void *find_first(const struct link_map *object, const struct link_map *end,
                        const char *name) {
    void *found = NULL;

    find(object, end, name, &found, 1);
    return found;
}

size_t next_symbols(const char *name, void **found, size_t room) {
    return first != NULL ? find(first, last->l_next, name, found, room) : 0;
}

void *next_symbol(const char *name) {
    return first != NULL ? find_first(first, last->l_next, name) : NULL;
}

void *next_before_us(const char *name) {
    return own != NULL ? find_first(program, own, name) : NULL;
}

void *next_own(const char *name) {
    return own != NULL ? find_first(own, first, name) : NULL;
}

void *next_late(const char *name) {
    return last != NULL ? find_first(last->l_next, NULL, name) : NULL;
}

bool next_is_late(uint64_t bias) {
    for (const struct link_map *object = last != NULL ? last->l_next : NULL; object != NULL;
         object = object->l_next) {
        if (object->l_addr == bias)
            return true;
    }
    return false;
}

void *next_function(next_known *known, const char *name) {
    void *function = atomic_load_explicit(known, memory_order_relaxed);

    if (function != NULL)
        return function;
    function = next_symbol(name);
    if (function != NULL)
        atomic_store_explicit(known, function, memory_order_relaxed);
    else
        function = next_late(name);
    return function;
}
