/* SPDX-License-Identifier: MIT */
/*
 * A library that was loaded with RTLD_DEEPBIND, or into a name space of its own, calls libc's
 * functions and not ours. dlopen() itself cannot be wrapped (it looks at its caller), so what such
 * a library's constructor has done is found by the next call that we see; from then on its calls
 * are led to us through its table of addresses, as those of all others are.
 */
#include "libcrashhook/late.h"

#include <dlfcn.h>
#include <link.h>
#include <stdatomic.h>
#include <sys/mman.h>

#include "libcrashhook/dispositions.h"
#include "libcrashhook/hook.h"
#include "libcrashhook/next.h"
#include "libcrashhook/syscalls.h"

typedef int visit_function(struct dl_phdr_info *info, size_t size, void *data);
typedef void *dlsym_function(void *, const char *);

static atomic_bool expected;
/* How many libraries had been loaded when the tables were last looked at. */
static _Atomic uint64_t looked_at;

struct object {
    uint64_t bias, symbols, strings;
    uint64_t tables[2], sizes[2];
    uint64_t protected, protected_size; /* read-only once it is relocated */
};

static bool read_object(const struct dl_phdr_info *info, struct object *object) {
    const ElfW(Dyn) *dynamic = NULL;

    *object = (struct object){.bias = info->dlpi_addr};
    for (size_t i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        if (segment->p_type == PT_DYNAMIC) {
            dynamic = (const ElfW(Dyn) *)(object->bias + segment->p_vaddr);
        } else if (segment->p_type == PT_GNU_RELRO) {
            object->protected = object->bias + segment->p_vaddr;
            object->protected_size = segment->p_memsz;
        }
    }
    for (; dynamic != NULL && dynamic->d_tag != DT_NULL; dynamic++) {
        uint64_t address = dynamic->d_un.d_ptr;
        if (address < object->bias)
            address += object->bias; /* musl does not relocate it */
        if (dynamic->d_tag == DT_SYMTAB)
            object->symbols = address;
        else if (dynamic->d_tag == DT_STRTAB)
            object->strings = address;
        else if (dynamic->d_tag == DT_JMPREL)
            object->tables[0] = address;
        else if (dynamic->d_tag == DT_PLTRELSZ)
            object->sizes[0] = dynamic->d_un.d_val;
        else if (dynamic->d_tag == DT_RELA)
            object->tables[1] = address;
        else if (dynamic->d_tag == DT_RELASZ)
            object->sizes[1] = dynamic->d_un.d_val;
    }
    return object->symbols != 0 && object->strings != 0;
}

static void write_slot(const struct object *object, uint64_t *slot, uint64_t value) {
    uint64_t page = (uint64_t)slot & ~(hook_settings.page_size - 1);
    bool is_protected = (uint64_t)slot >= object->protected &&
                        (uint64_t)slot - object->protected < object->protected_size;

    if (is_protected &&
        sys(SYS_mprotect, page, hook_settings.page_size, PROT_READ | PROT_WRITE) < 0)
        return;
    atomic_store((_Atomic uint64_t *)slot, value);
    if (is_protected)
        sys(SYS_mprotect, page, hook_settings.page_size, PROT_READ);
}

static void redirect(const struct object *object, const ElfW(Rela) * relocation) {
    const ElfW(Sym) *symbol = (const ElfW(Sym) *)object->symbols + ELF64_R_SYM(relocation->r_info);
    const char *name = (const char *)object->strings + symbol->st_name;
    uint64_t *slot = (uint64_t *)(object->bias + relocation->r_offset);
    uint64_t type = ELF64_R_TYPE(relocation->r_info), own, next;
    bool unbound;

    if (type != ARCH_RELOCATION_JUMP && type != ARCH_RELOCATION_ADDRESS)
        return;
    own = (uint64_t)next_own(name);
    if (own == 0 || *slot == own)
        return;
    next = (uint64_t)next_symbol(name);
    /* Not called yet, it would be looked up among all that was loaded since. */
    unbound = type == ARCH_RELOCATION_JUMP && *slot != next && next_late(name) == NULL;
    if (next != 0 && (*slot == next || unbound))
        write_slot(object, slot, own);
}

static int look_at(struct dl_phdr_info *info, size_t size, void *data) {
    struct object object;

    if (!next_is_late(info->dlpi_addr) || !read_object(info, &object))
        return 0;
    for (size_t i = 0; i < 2; i++) {
        const ElfW(Rela) *table = (const ElfW(Rela) *)object.tables[i];
        for (size_t j = 0; table != NULL && j < object.sizes[i] / sizeof *table; j++)
            redirect(&object, &table[j]);
    }
    return 0;
}

static int count(struct dl_phdr_info *info, size_t size, void *data) {
    *(uint64_t *)data = info->dlpi_adds;
    return 1;
}

static void redirect_all(void) {
    static _Atomic(void *) next;
    int (*iterate)(visit_function *, void *) = next_function(&next, "dl_iterate_phdr");
    uint64_t loaded = 0;

    if (iterate == NULL)
        return;
    iterate(count, &loaded);
    if (atomic_exchange(&looked_at, loaded) != loaded)
        iterate(look_at, NULL);
}

void late_check_dispositions(void) {
    if (atomic_load_explicit(&expected, memory_order_relaxed))
        dispositions_check();
}

void late_check(void) {
    if (!atomic_load_explicit(&expected, memory_order_relaxed) || hook_in_vfork_child())
        return;
    dispositions_check();
    redirect_all();
}

void late_loading(bool past_us) {
    late_check();
    if (past_us && hook_settings.active)
        atomic_store(&expected, true);
}

/* Who asks does not matter where a library is named: a call of our own gives the same answer. */
static void *dlsym_in_library(void *handle, const char *name) {
    static _Atomic(void *) next;
    dlsym_function *function = (dlsym_function *)next_function(&next, "dlsym");
    void *found = function(handle, name);

    return found != NULL && found == next_symbol(name) ? next_own(name) : found;
}

void *late_dlsym(void *handle, const char *name) {
    if (!hook_settings.active || handle == RTLD_DEFAULT || handle == RTLD_NEXT || name == NULL ||
        next_own(name) == NULL)
        return NULL;
    return (void *)dlsym_in_library;
}
