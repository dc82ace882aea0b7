/* SPDX-License-Identifier: MIT */
#include "crashctl/addr2line.h"

#include <errno.h>
#include <gelf.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "symbolizer/demangle.h"
#include "symbolizer/file.h"

BASE_DEFINE_CLEANUP(symbolizer_file_close, struct symbolizer_file *, symbolizer_file_close);

/* A symbol with what addr2line shows when there is no debug information. */
struct label {
    uint64_t address, size;
    size_t section;
    const char *name, *file;
    size_t order; /* in the table */
    bool function;
};

struct labels {
    struct label *labels;
    size_t n;
};

/* The first time that addr2line meets a C++ function without a mangled name it shows the symbol
 * table's, and keeps that if it stands at the function's start. */
struct met {
    uint64_t id;
    const char *name; /* NULL: none of the symbol table */
};

struct lookup {
    FILE *out;
    struct symbolizer_file *file;
    const struct elf_file *image; /* whose symbols labels are */
    struct labels labels;
    struct met *met;
    size_t n_met;
};

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

/* The full table of the file or of its separate debug file, else the dynamic one; *image is whose
 * it is. */
static int read_labels(const struct elf_file **image, const struct elf_file *debug,
                       struct labels *ret) {
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

static const struct label *label_at(const struct labels *labels, size_t section, uint64_t address) {
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

/* The section that holds address in memory, or 0. */
static size_t section_at(const struct elf_file *image, uint64_t address) {
    Elf_Scn *section = NULL;
    while ((section = elf_nextscn(image->elf, section))) {
        GElf_Shdr shdr;
        if (gelf_getshdr(section, &shdr) && (shdr.sh_flags & SHF_ALLOC) &&
            address >= shdr.sh_addr && address - shdr.sh_addr < shdr.sh_size)
            return elf_ndxscn(section);
    }
    return 0;
}

static void print_name(FILE *out, const char *name) {
    if (!name || *name == '\0') {
        fputs("??\n", out);
        return;
    }
    /* bfd_demangle leaves the version out and puts it back. */
    BASE_CLEANUP(free)
    char *readable = demangle_full(name);
    const char *version = strchr(name, '@');
    if (readable && version)
        fprintf(out, "%s%s\n", readable, version);
    else
        fprintf(out, "%s\n", readable ? readable : name);
}

static void print_place(FILE *out, const char *comp_dir, const char *file, unsigned line,
                        unsigned discriminator) {
    if (comp_dir && file && *file != '/')
        fprintf(out, "%s/", comp_dir);
    fprintf(out, "%s:", file ? file : "??");
    if (line == 0)
        fputs("?\n", out);
    else if (discriminator == 0)
        fprintf(out, "%u\n", line);
    else
        fprintf(out, "%u (discriminator %u)\n", line, discriminator);
}

static struct met *met_at(const struct lookup *lookup, uint64_t id) {
    for (size_t i = 0; i < lookup->n_met; i++)
        if (lookup->met[i].id == id)
            return &lookup->met[i];
    return NULL;
}

static const char *name_of(struct lookup *lookup, const struct code_frame *frame, bool newest,
                           const struct label *label) {
    if (frame->linkage_name || (frame->plain && frame->name))
        return frame->linkage_name ? frame->linkage_name : frame->name;
    struct met *met = met_at(lookup, frame->id);
    if (met || !newest)
        return met && met->name ? met->name : frame->name;
    struct met *grown = reallocarray(lookup->met, lookup->n_met + 1, sizeof(*grown));
    if (grown) {
        lookup->met = grown;
        bool same = label && label->address == frame->low;
        lookup->met[lookup->n_met++] = (struct met){frame->id, same ? label->name : NULL};
    }
    return label ? label->name : frame->name;
}

static void print_chain(struct lookup *lookup, const struct code_chain *chain,
                        const struct label *label) {
    for (size_t i = 0; i < chain->n; i++) {
        const struct code_frame *frame = &chain->frames[i];
        print_name(lookup->out, chain->has_function ? name_of(lookup, frame, i == 0, label)
                                : label             ? label->name
                                                    : NULL);
        bool by_symbol = !frame->file && label && !chain->has_function;
        /* addr2line goes on showing the discriminator of the newest line. */
        print_place(lookup->out, by_symbol ? NULL : chain->comp_dir,
                    by_symbol ? label->file : frame->file, frame->line,
                    chain->frames[0].discriminator);
    }
}

static void print_address(struct lookup *lookup, uint64_t address) {
    fprintf(lookup->out, "0x%016" PRIx64 "\n", address);
    size_t section = section_at(lookup->image, address);
    if (section == 0) {
        fputs("??\n??:0\n", lookup->out);
        return;
    }
    const struct label *label = label_at(&lookup->labels, section, address);
    struct functions *functions = symbolizer_file_functions(lookup->file);
    struct code_chain chain;
    if (functions && functions_lookup(functions, address, DW_ROW_LAST, &chain)) {
        print_chain(lookup, &chain, label);
        code_chain_free(&chain);
    } else if (label) {
        print_name(lookup->out, label->name);
        print_place(lookup->out, NULL, label->file, 0, 0);
    } else {
        fputs("??\n??:0\n", lookup->out);
    }
}

int addr2line_print(FILE *out, const char *path, char **addresses, size_t n, FILE *in_when_none) {
    BASE_CLEANUP(symbolizer_file_close)
    struct symbolizer_file *file = NULL;
    int r = symbolizer_file_open(path, &file);
    if (r < 0)
        return r;
    struct lookup lookup = {.out = out, .file = file, .image = symbolizer_file_image(file, false)};
    symbolizer_file_functions(file); /* looks for the debug file */
    r = read_labels(&lookup.image, symbolizer_file_image(file, true), &lookup.labels);
    for (size_t i = 0; r == 0 && i < n; i++)
        print_address(&lookup, strtoull(addresses[i], NULL, 16));
    char text[100];
    while (r == 0 && n == 0 && fgets(text, sizeof(text), in_when_none)) {
        print_address(&lookup, strtoull(text, NULL, 16));
        if (fflush(out) != 0)
            r = -errno;
    }
    free(lookup.labels.labels);
    free(lookup.met);
    if (r == 0 && (fflush(out) != 0 || ferror(out)))
        r = -EIO;
    return r;
}
