/* SPDX-License-Identifier: MIT */
#include "crashctl/addr2line.h"

#include <errno.h>
#include <gelf.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "crashctl/labels.h"
#include "crashctl/output.h"
#include "symbolizer/demangle.h"
#include "symbolizer/file.h"
#include "symbolizer/index/map.h"

BASE_DEFINE_CLEANUP(symbolizer_file_close, struct symbolizer_file *, symbolizer_file_close);

enum { READABLE_SLOTS = 1 << 13, INPUT_SIZE = 1 << 16 };

/* A name of the file's, demangled. */
struct readable {
    const char *name;
    char *text; /* NULL: it is not mangled */
};

struct section {
    uint64_t address, size;
    size_t index;
};

struct lookup {
    struct output *out;
    struct symbolizer_file *file;
    struct section *sections; /* that are in memory */
    size_t n_sections;
    bool labels_tried;
    const struct elf_file *image; /* whose symbols labels are */
    struct labels labels;
    /* The first time that addr2line meets a C++ function without a mangled name it shows the symbol
     * table's, and keeps that if it stands at the function's start: by the function's id. */
    struct index_map met;
    const char **met_names; /* NULL: none of the symbol table */
    size_t n_met;
    struct readable readable[READABLE_SLOTS]; /* by address of the name */
};

static void lookup_free(struct lookup *lookup) {
    free(lookup->sections);
    free(lookup->labels.labels);
    index_map_free(&lookup->met);
    free(lookup->met_names);
    for (size_t i = 0; i < READABLE_SLOTS; i++)
        free(lookup->readable[i].text);
    free(lookup);
}
BASE_DEFINE_CLEANUP(lookup_free, struct lookup *, lookup_free);

static int read_sections(struct lookup *lookup, const struct elf_file *image) {
    size_t n;
    if (elf_getshdrnum(image->elf, &n) != 0)
        n = 0;
    lookup->sections = calloc(n + 1, sizeof(*lookup->sections));
    if (!lookup->sections)
        return -ENOMEM;
    lookup->n_sections = 0;
    Elf_Scn *section = NULL;
    while ((section = elf_nextscn(image->elf, section)) && lookup->n_sections < n) {
        GElf_Shdr shdr;
        if (gelf_getshdr(section, &shdr) && (shdr.sh_flags & SHF_ALLOC))
            lookup->sections[lookup->n_sections++] =
                (struct section){shdr.sh_addr, shdr.sh_size, elf_ndxscn(section)};
    }
    return 0;
}

/* The section that holds address in memory, or 0. */
static size_t section_at(const struct lookup *lookup, uint64_t address) {
    for (size_t i = 0; i < lookup->n_sections; i++)
        if (address - lookup->sections[i].address < lookup->sections[i].size)
            return lookup->sections[i].index;
    return 0;
}

/* Most lookups do not need the symbol table; to read and sort it costs more than many of them. */
static const struct label *label_at(struct lookup *lookup, uint64_t address) {
    if (!lookup->labels_tried) {
        lookup->labels_tried = true;
        const struct elf_file *image = lookup->image;
        const struct elf_file *debug = symbolizer_file_debug(lookup->file);
        if (labels_read(&lookup->image, debug, &lookup->labels) == 0 && lookup->image != image) {
            free(lookup->sections);
            if (read_sections(lookup, lookup->image) < 0)
                lookup->n_sections = 0;
        }
    }
    return labels_at(&lookup->labels, section_at(lookup, address), address);
}

static const char *readable_of(struct lookup *lookup, const char *name) {
    if (*name != '_')
        return NULL;
    uint64_t mixed = (uint64_t)(uintptr_t)name * UINT64_C(0x9e3779b97f4a7c15);
    struct readable *slot = &lookup->readable[mixed >> 51];
    if (slot->name != name) {
        free(slot->text);
        *slot = (struct readable){name, demangle_full(name)};
    }
    return slot->text;
}

static void print_name(struct lookup *lookup, const char *name, const char *full) {
    if (!name || *name == '\0') {
        output_text(lookup->out, "??\n");
        return;
    }
    const char *readable =
        full ? (full != name && strcmp(full, name) != 0 ? full : NULL) : readable_of(lookup, name);
    output_text(lookup->out, readable ? readable : name);
    /* bfd_demangle leaves the version out and puts it back. */
    const char *version = readable ? strchr(name, '@') : NULL;
    if (version)
        output_text(lookup->out, version);
    output_text(lookup->out, "\n");
}

static void print_place(struct output *out, const char *comp_dir, const char *file, unsigned line,
                        unsigned discriminator) {
    if (comp_dir && file && *file != '/') {
        output_text(out, comp_dir);
        output_text(out, "/");
    }
    output_text(out, file ? file : "??");
    if (line == 0) {
        output_text(out, ":?\n");
        return;
    }
    output_text(out, ":");
    output_decimal(out, line);
    if (discriminator != 0) {
        output_text(out, " (discriminator ");
        output_decimal(out, discriminator);
        output_text(out, ")");
    }
    output_text(out, "\n");
}

static void meet(struct lookup *lookup, uint64_t id, const char *name) {
    const char **grown = reallocarray(lookup->met_names, lookup->n_met + 1, sizeof(*grown));
    if (!grown)
        return;
    lookup->met_names = grown;
    grown[lookup->n_met] = name;
    if (index_map_put(&lookup->met, id, (uint32_t)lookup->n_met + 1) == 0)
        lookup->n_met++;
}

static const char *name_of(struct lookup *lookup, const struct code_frame *frame, bool newest,
                           uint64_t address) {
    if (frame->linkage_name || (frame->plain && frame->name))
        return frame->linkage_name ? frame->linkage_name : frame->name;
    uint32_t met = index_map_get(&lookup->met, frame->id);
    if (met || !newest)
        /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): who was met has a place there */
        return met && lookup->met_names[met - 1] ? lookup->met_names[met - 1] : frame->name;
    const struct label *label = label_at(lookup, address);
    meet(lookup, frame->id, label && label->address == frame->low ? label->name : NULL);
    return label ? label->name : frame->name;
}

static void print_label(struct lookup *lookup, const struct label *label) {
    print_name(lookup, label ? label->name : NULL, NULL);
    print_place(lookup->out, NULL, label ? label->file : NULL, 0, 0);
}

static void print_chain(struct lookup *lookup, const struct code_chain *chain, uint64_t address) {
    const struct code_frame *newest = &chain->frames[0];
    if (!chain->has_function) {
        const struct label *label = label_at(lookup, address);
        bool by_label = !newest->file && label;
        print_name(lookup, label ? label->name : NULL, NULL);
        print_place(lookup->out, by_label ? NULL : chain->comp_dir,
                    by_label ? label->file : newest->file, newest->line, newest->discriminator);
        return;
    }
    for (size_t i = 0; i < chain->n; i++) {
        const struct code_frame *frame = &chain->frames[i];
        const char *name = name_of(lookup, frame, i == 0, address);
        print_name(lookup, name, name == frame->linkage_name ? frame->full : NULL);
        /* addr2line goes on showing the discriminator of the newest line. */
        print_place(lookup->out, chain->comp_dir, frame->file, frame->line, newest->discriminator);
    }
}

static void print_address(struct lookup *lookup, uint64_t address) {
    output_text(lookup->out, "0x");
    output_hexadecimal(lookup->out, address, 16);
    output_text(lookup->out, "\n");
    if (section_at(lookup, address) == 0) {
        output_text(lookup->out, "??\n??:0\n");
        return;
    }
    struct functions *functions = symbolizer_file_functions(lookup->file);
    struct code_chain chain;
    if (functions)
        functions_want_readable(functions);
    if (functions && functions_lookup(functions, address, DW_ROW_LAST, &chain)) {
        print_chain(lookup, &chain, address);
        code_chain_free(&chain);
        return;
    }
    const struct label *label = label_at(lookup, address);
    if (label)
        print_label(lookup, label);
    else
        output_text(lookup->out, "??\n??:0\n");
}

static int print_lines(struct lookup *lookup, int in) {
    BASE_CLEANUP(free)
    char *input = malloc(INPUT_SIZE);
    size_t used = 0;
    int r = input ? 0 : -ENOMEM;
    while (r == 0) {
        ssize_t n = read(in, input + used, INPUT_SIZE - 1 - used);
        if (n < 0 && errno == EINTR)
            continue;
        if (n > 0)
            used += (size_t)n;
        char *line = input, *end;
        input[used] = '\0';
        for (; (end = memchr(line, '\n', used - (size_t)(line - input))); line = end + 1)
            print_address(lookup, strtoull(line, NULL, 16));
        /* A last line may lack its end, and one may be longer than any address. */
        bool last = n <= 0 || (line == input && used == INPUT_SIZE - 1);
        used -= (size_t)(line - input);
        if (last && used > 0) {
            print_address(lookup, strtoull(line, NULL, 16));
            used = 0;
        }
        memmove(input, line, used);
        r = n < 0 ? -errno : output_flush(lookup->out);
        if (n <= 0)
            break;
    }
    return r;
}

int addr2line_print(FILE *out, const char *path, struct index_place *indexes, char **addresses,
                    size_t n, FILE *in_when_none) {
    struct output output = {.fd = fileno(out)};
    BASE_CLEANUP(symbolizer_file_close)
    struct symbolizer_file *file = NULL;
    BASE_CLEANUP(lookup_free)
    struct lookup *lookup = calloc(1, sizeof(*lookup));
    int r = lookup ? symbolizer_file_open(path, indexes, &file) : -ENOMEM;
    if (r < 0)
        return r;
    lookup->out = &output;
    lookup->file = file;
    lookup->image = symbolizer_file_image(file);
    r = fflush(out) == 0 ? read_sections(lookup, lookup->image) : -errno;
    if (r == 0 && n == 0)
        r = print_lines(lookup, fileno(in_when_none));
    for (size_t i = 0; r == 0 && i < n; i++)
        print_address(lookup, strtoull(addresses[i], NULL, 16));
    int flushed = output_flush(&output);
    return r < 0 ? r : flushed;
}
