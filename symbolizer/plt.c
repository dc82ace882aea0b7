/* SPDX-License-Identifier: MIT */
#include "symbolizer/plt.h"

#include <errno.h>
#include <gelf.h>
#include <string.h>

#include "base/text.h"
#include "symbolizer/arch_x86_64.h"

enum { SECTIONS_LIMIT = 4, SLOTS_LIMIT = 1 << 18, ENTRY_SIZE = 16 };

struct table {
    uint64_t address, size, entry_size;
};

struct slot {
    uint64_t address; /* in the global offset table */
    const char *name;
};

struct plt {
    const struct elf_file *file;
    struct table tables[SECTIONS_LIMIT];
    size_t n_tables;
    struct slot *slots;    /* by address */
    const char **in_order; /* names as .rela.plt has them */
    size_t n_slots, n_in_order;
};

static int compare(const void *a, const void *b) {
    const struct slot *x = a, *y = b;
    return x->address < y->address ? -1 : x->address > y->address;
}

static const char *symbol_name(const struct elf_file *file, uint32_t table, uint64_t index) {
    GElf_Shdr shdr;
    GElf_Sym sym;
    Elf_Scn *section = elf_getscn(file->elf, table);
    if (!section || !gelf_getshdr(section, &shdr) || shdr.sh_type != SHT_DYNSYM)
        return NULL;
    Elf_Data *data = elf_getdata(section, NULL);
    if (!data || index > INT32_MAX || !gelf_getsym(data, (int)index, &sym))
        return NULL;
    const char *name = elf_strptr(file->elf, shdr.sh_link, sym.st_name);
    return text_empty(name) ? NULL : name;
}

static int read_relocations(struct plt *plt, Elf_Scn *section, const GElf_Shdr *shdr, bool jumps) {
    Elf_Data *data = elf_getdata(section, NULL);
    size_t n = data && shdr->sh_entsize > 0 ? data->d_size / shdr->sh_entsize : 0;
    if (n > SLOTS_LIMIT - plt->n_slots)
        n = SLOTS_LIMIT - plt->n_slots;
    if (n == 0)
        return 0;
    struct slot *grown = reallocarray(plt->slots, plt->n_slots + n, sizeof *grown);
    if (!grown)
        return -ENOMEM;
    plt->slots = grown;
    if (jumps && !plt->in_order && !(plt->in_order = calloc(n, sizeof *plt->in_order)))
        return -ENOMEM;
    for (size_t i = 0; i < n; i++) {
        GElf_Rela relocation;
        if (!gelf_getrela(data, (int)i, &relocation))
            break;
        const char *name = symbol_name(plt->file, shdr->sh_link, GELF_R_SYM(relocation.r_info));
        if (jumps && plt->n_in_order == i)
            plt->in_order[plt->n_in_order++] = name;
        if (name)
            plt->slots[plt->n_slots++] = (struct slot){relocation.r_offset, name};
    }
    return 0;
}

static int read_sections(struct plt *plt) {
    Elf_Scn *section = NULL;
    size_t names;
    int r = elf_getshdrstrndx(plt->file->elf, &names) == 0 ? 0 : -ENOENT;
    while (r == 0 && (section = elf_nextscn(plt->file->elf, section))) {
        GElf_Shdr shdr;
        const char *name =
            gelf_getshdr(section, &shdr) ? elf_strptr(plt->file->elf, names, shdr.sh_name) : NULL;
        if (!name)
            continue;
        bool entries = strcmp(name, ".plt") == 0 || text_starts_with(name, ".plt.");
        if (entries && shdr.sh_type == SHT_PROGBITS && plt->n_tables < SECTIONS_LIMIT) {
            bool small = shdr.sh_entsize == 8;
            plt->tables[plt->n_tables++] =
                (struct table){shdr.sh_addr, shdr.sh_size, small ? 8 : ENTRY_SIZE};
        } else if (shdr.sh_type == SHT_RELA && (shdr.sh_flags & SHF_ALLOC)) {
            r = read_relocations(plt, section, &shdr, strcmp(name, ".rela.plt") == 0);
        }
    }
    return r == 0 && plt->n_tables == 0 ? -ENOENT : r;
}

int plt_read(const struct elf_file *file, struct plt **ret) {
    struct plt *plt = calloc(1, sizeof *plt);
    if (!plt)
        return -ENOMEM;
    plt->file = file;
    int r = read_sections(plt);
    if (r < 0) {
        plt_free(plt);
        return r;
    }
    if (plt->n_slots > 0)
        qsort(plt->slots, plt->n_slots, sizeof *plt->slots, compare);
    *ret = plt;
    return 0;
}

struct plt *plt_free(struct plt *plt) {
    if (plt) {
        free(plt->slots);
        free(plt->in_order);
        free(plt);
    }
    return NULL;
}

const char *plt_lookup(const struct plt *plt, uint64_t address, uint64_t *start) {
    for (size_t i = 0; i < plt->n_tables; i++) {
        const struct table *table = &plt->tables[i];
        if (address < table->address || address - table->address >= table->size)
            continue;
        uint8_t code[ENTRY_SIZE];
        *start = address - (address - table->address) % table->entry_size;
        size_t size = elf_file_read(plt->file, *start, code, table->entry_size, false);
        struct arch_plt_entry entry;
        if (!arch_read_plt(code, size, *start, &entry))
            return NULL;
        if (!entry.has_slot)
            return entry.index < plt->n_in_order ? plt->in_order[entry.index] : NULL;
        struct slot key = {.address = entry.slot};
        const struct slot *found =
            plt->n_slots ? bsearch(&key, plt->slots, plt->n_slots, sizeof key, compare) : NULL;
        return found ? found->name : NULL;
    }
    return NULL;
}
