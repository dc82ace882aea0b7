/* SPDX-License-Identifier: MIT */
/*
 * In place of dlsym(RTLD_NEXT), which takes locks, may allocate, and lives in another library
 * before glibc 2.34: loading that one would cost every process more than all the rest of the hook.
 *
 * The linker's list is walked without its lock, but only the part that was there at the start:
 * that one is never unloaded. Async-signal-safe.
 */
#include "libcrashhook/next.h"

#include <link.h>

#include "libcrashhook/hook.h"
#include "libcrashhook/symbols.h"

static const struct link_map *first, *last;

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

    for (; object != NULL; object = object->l_next) {
        if (object->l_ld == _DYNAMIC)
            first = object->l_next;
        last = object;
    }
}

size_t next_symbols(const char *name, void **found, size_t room) {
    struct memory memory = {.direct = true};
    size_t count = 0;

    for (const struct link_map *object = first; object != NULL && count < room;
         object = object->l_next) {
        struct symbols symbols;
        uint64_t size, address;
        if (symbols_open(&symbols, object->l_addr, (uint64_t)object->l_ld, &memory) &&
            (address = symbols_find(&symbols, name, &size)) != 0)
            found[count++] = (void *)address;
        if (object == last)
            break;
    }
    return count;
}

void *next_symbol(const char *name) {
    void *found;

    return next_symbols(name, &found, 1) > 0 ? found : NULL;
}
