/* SPDX-License-Identifier: MIT */
#include "crashctl/labels.h"

#include <errno.h>
#include <gelf.h>
#include <stdlib.h>

static bool is_label(const GElf_Sym *sym) {
    int type = GELF_ST_TYPE(sym->st_info);
    return sym->st_shndx != SHN_UNDEF && sym->st_shndx < SHN_LORESERVE &&
           (type == STT_FUNC || type == STT_NOTYPE || type == STT_GNU_IFUNC);
}

static int read_table(Elf *elf, unsigned wanted, struct labels *ret) {
    Elf_Scn *section = NULL;
    GElf_Shdr shdr;
    while ((section = elf_nextscn(elf, section)))
        if (gelf_getshdr(section, &shdr) && shdr.sh_type == wanted && shdr.sh_entsize > 0)
            break;
    Elf_Data *data = section ? elf_getdata(section, NULL) : NULL;
    if (!data || !data->d_buf)
        return 0;
    size_t n = data->d_size / shdr.sh_entsize;
    ret->labels = calloc(n + 1, sizeof(*ret->labels));
    if (!ret->labels)
        return -ENOMEM;
    const char *file = NULL;
    bool any_symbol = false, several_files = false;
    for (size_t i = 1; i < n; i++) {
        GElf_Sym sym;
        if (!gelf_getsym(data, (int)i, &sym))
            break;
        const char *name = elf_strptr(elf, shdr.sh_link, sym.st_name);
        if (GELF_ST_TYPE(sym.st_info) == STT_FILE) {
            file = name;
            several_files = any_symbol;
            continue;
        }
        any_symbol = true;
        if (!name || !is_label(&sym))
            continue;
        bool local = GELF_ST_BIND(sym.st_info) == STB_LOCAL;
        ret->labels[ret->n++] = (struct label){
            .address = sym.st_value,
            .size = sym.st_size ? sym.st_size : 1,
            .section = sym.st_shndx,
            .name = name,
            /* A global symbol's file is known only if there is no other. */
            .file = local || !several_files ? file : NULL,
            .order = i,
            .function = GELF_ST_TYPE(sym.st_info) != STT_NOTYPE,
        };
    }
    return 0;
}

static int compare_labels(const void *a, const void *b) {
    const struct label *x = a, *y = b;
    if (x->section != y->section)
        return x->section < y->section ? -1 : 1;
    if (x->address != y->address)
        return x->address < y->address ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

int labels_read(const struct elf_file **image, const struct elf_file *debug, struct labels *ret) {
    const struct elf_file *tried[] = {*image, debug, *image};
    int r = 0;
    for (size_t i = 0; i < 3 && r == 0 && ret->n == 0; i++) {
        if (!tried[i])
            continue;
        free(ret->labels);
        ret->labels = NULL;
        r = read_table(tried[i]->elf, i < 2 ? SHT_SYMTAB : SHT_DYNSYM, ret);
        *image = tried[i];
    }
    if (ret->n > 0)
        qsort(ret->labels, ret->n, sizeof(*ret->labels), compare_labels);
    return r;
}

/* BFD's preference among labels of one address; it keeps the first of equals. */
static bool better(const struct label *label, const struct label *best, uint64_t address) {
    if (address - best->address >= best->size)
        return label->size > best->size;
    if (address - label->address >= label->size)
        return false;
    if (label->function != best->function)
        return label->function;
    return label->size < best->size;
}

const struct label *labels_at(const struct labels *labels, size_t section, uint64_t address) {
    size_t low = 0, high = labels->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct label *label = &labels->labels[middle];
        if (label->section < section || (label->section == section && label->address <= address))
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0 || labels->labels[low - 1].section != section)
        return NULL;
    size_t first = low - 1;
    while (first > 0 && labels->labels[first - 1].section == section &&
           labels->labels[first - 1].address == labels->labels[low - 1].address)
        first--;
    const struct label *best = &labels->labels[first];
    for (size_t i = first + 1; i < low; i++)
        if (better(&labels->labels[i], best, address))
            best = &labels->labels[i];
    return best;
}
