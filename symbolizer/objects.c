/* SPDX-License-Identifier: MIT */
#include "symbolizer/objects.h"

#include <errno.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>

enum { OBJECTS_LIMIT = 1 << 20 };

struct objects {
    struct symbol *symbols; /* by address */
    size_t n;
};

static int add(struct objects *objects, const struct symbol *symbol) {
    if ((objects->n & (objects->n - 1)) == 0) {
        size_t n = objects->n ? objects->n * 2 : 1;
        struct symbol *grown = reallocarray(objects->symbols, n, sizeof(*grown));
        if (!grown)
            return -ENOMEM;
        objects->symbols = grown;
    }
    objects->symbols[objects->n++] = *symbol;
    return 0;
}

static int add_section(struct objects *objects, const struct elf_file *file, Elf_Scn *section,
                       const GElf_Shdr *header) {
    Elf_Data *data = elf_getdata(section, NULL);
    size_t n = data && data->d_buf ? data->d_size / header->sh_entsize : 0;
    int r = 0;
    for (size_t i = 1; i < n && i < OBJECTS_LIMIT && r == 0; i++) {
        GElf_Sym sym;
        if (!gelf_getsym(data, (int)i, &sym) || sym.st_shndx == SHN_UNDEF ||
            GELF_ST_TYPE(sym.st_info) != STT_OBJECT || sym.st_size == 0)
            continue;
        const char *name = elf_strptr(file->elf, header->sh_link, sym.st_name);
        if (name && *name)
            r = add(objects, &(struct symbol){name, sym.st_value, sym.st_size});
    }
    return r;
}

static int add_table(struct objects *objects, const struct elf_file *file, unsigned wanted) {
    Elf_Scn *section = NULL;
    int r = 0;
    while (r == 0 && (section = elf_nextscn(file->elf, section))) {
        GElf_Shdr header;
        if (gelf_getshdr(section, &header) && header.sh_type == wanted && header.sh_entsize > 0)
            r = add_section(objects, file, section, &header);
    }
    return r;
}

static int compare(const void *a, const void *b) {
    const struct symbol *x = a, *y = b;
    if (x->address != y->address)
        return x->address < y->address ? -1 : 1;
    return strcmp(x->name, y->name);
}

int objects_new(const struct elf_file *main, const struct elf_file *debug, struct objects **ret) {
    struct objects *objects = calloc(1, sizeof(*objects));
    if (!objects)
        return -ENOMEM;
    int r = add_table(objects, main, SHT_SYMTAB);
    if (r == 0 && objects->n == 0 && debug)
        r = add_table(objects, debug, SHT_SYMTAB);
    if (r == 0 && objects->n == 0)
        r = add_table(objects, main, SHT_DYNSYM);
    if (r < 0) {
        objects_free(objects);
        return r;
    }
    if (objects->n > 0)
        qsort(objects->symbols, objects->n, sizeof(*objects->symbols), compare);
    *ret = objects;
    return 0;
}

struct objects *objects_free(struct objects *objects) {
    if (objects)
        free(objects->symbols);
    free(objects);
    return NULL;
}

bool objects_lookup(const struct objects *objects, uint64_t address, struct symbol *ret) {
    size_t low = 0, high = objects->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (objects->symbols[middle].address <= address)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0 || address - objects->symbols[low - 1].address >= objects->symbols[low - 1].size)
        return false;
    *ret = objects->symbols[low - 1];
    return true;
}

bool objects_named(const struct objects *objects, const char *name, uint64_t *address) {
    for (size_t i = 0; i < objects->n; i++)
        if (strcmp(objects->symbols[i].name, name) == 0) {
            *address = objects->symbols[i].address;
            return true;
        }
    return false;
}
