/* SPDX-License-Identifier: MIT */
#include "symbolizer/symbols.h"

#include <errno.h>
#include <gelf.h>
#include <lzma.h>
#include <stdio.h>
#include <string.h>

#include "symbolizer/plt.h"

enum { MINI_LIMIT = 64 << 20, SYMBOLS_LIMIT = 8 << 20, SECTIONS_LIMIT = 64, OUTSIDE_LIMIT = 4096 };

struct entry {
    uint64_t address, size;
    const char *name;
    uint8_t rank; /* of several at one address the highest is shown */
};

struct range {
    uint64_t start, size;
};

struct symbols {
    struct entry *entries; /* by address; the best of each address last */
    size_t n, allocated;
    struct range sections[SECTIONS_LIMIT]; /* that hold code */
    size_t n_sections;
    bool complete; /* not only what is exported */
    struct plt *plt;
};

static uint8_t rank_of(const GElf_Sym *sym) {
    int type = GELF_ST_TYPE(sym->st_info);
    int binding = GELF_ST_BIND(sym->st_info);
    uint8_t rank = type == STT_NOTYPE ? 0 : 16;
    rank += sym->st_size > 0 ? 8 : 0;
    rank += binding == STB_LOCAL ? 0 : binding == STB_WEAK ? 1 : 2;
    return rank;
}

static bool in_code(const struct elf_file *file, uint64_t address) {
    /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): the image is there whenever a file is */
    for (size_t i = 0; i < file->n_segments; i++) {
        const struct elf_segment *s = &file->segments[i];
        if (s->executable && address >= s->address && address - s->address < s->memory_size)
            return true;
    }
    return false;
}

static int add(struct symbols *symbols, const GElf_Sym *sym, const char *name) {
    if (symbols->n == symbols->allocated) {
        size_t n = symbols->allocated ? symbols->allocated * 2 : 1024;
        struct entry *grown = reallocarray(symbols->entries, n, sizeof(*grown));
        if (!grown)
            return -ENOMEM;
        symbols->entries = grown;
        symbols->allocated = n;
    }
    symbols->entries[symbols->n++] = (struct entry){
        .address = sym->st_value,
        .size = sym->st_size,
        .name = name,
        .rank = rank_of(sym),
    };
    return 0;
}

/* image: whose segments tell code from data; a separate debug file has them too, but of no use in
 * .gnu_debugdata. */
static int add_table(struct symbols *symbols, const struct elf_file *image,
                     const struct elf_file *file, unsigned wanted) {
    Elf_Scn *section = NULL;
    /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): callers pass what they have opened */
    while ((section = elf_nextscn(file->elf, section))) {
        GElf_Shdr shdr;
        if (!gelf_getshdr(section, &shdr) || shdr.sh_type != wanted || shdr.sh_entsize == 0)
            continue;
        Elf_Data *data = elf_getdata(section, NULL);
        if (!data || !data->d_buf)
            continue;
        size_t n = data->d_size / shdr.sh_entsize;
        for (size_t i = 1; i < n && symbols->n < SYMBOLS_LIMIT; i++) {
            GElf_Sym sym;
            if (!gelf_getsym(data, (int)i, &sym) || sym.st_shndx == SHN_UNDEF ||
                sym.st_shndx == SHN_ABS)
                continue;
            int type = GELF_ST_TYPE(sym.st_info);
            if (type != STT_FUNC && type != STT_GNU_IFUNC && type != STT_NOTYPE)
                continue;
            if (!in_code(image, sym.st_value))
                continue;
            const char *name = elf_strptr(file->elf, shdr.sh_link, sym.st_name);
            /* Labels that the assembler was to forget are no functions. */
            if (!name || *name == '\0' || strncmp(name, ".L", 2) == 0)
                continue;
            int r = add(symbols, &sym, name);
            if (r < 0)
                return r;
        }
    }
    return 0;
}

static int compare(const void *a, const void *b) {
    const struct entry *x = a, *y = b;
    if (x->address != y->address)
        return x->address < y->address ? -1 : 1;
    if (x->rank != y->rank)
        return x->rank < y->rank ? -1 : 1;
    /* Two names for one function: the one without leading underscores is what people know. */
    size_t dashes_x = strspn(x->name, "_"), dashes_y = strspn(y->name, "_");
    if (dashes_x != dashes_y)
        return dashes_x > dashes_y ? -1 : 1;
    return -strcmp(x->name, y->name);
}

static void sort(struct symbols *symbols) {
    if (symbols->n > 0)
        qsort(symbols->entries, symbols->n, sizeof(*symbols->entries), compare);
}

struct symbols *symbols_free(struct symbols *symbols) {
    if (symbols) {
        plt_free(symbols->plt);
        free(symbols->entries);
        free(symbols);
    }
    return NULL;
}
BASE_DEFINE_CLEANUP(symbols_free, struct symbols *, symbols_free);

static void read_sections(struct symbols *symbols, const struct elf_file *file) {
    Elf_Scn *section = NULL;
    while (symbols->n_sections < SECTIONS_LIMIT && (section = elf_nextscn(file->elf, section))) {
        GElf_Shdr shdr;
        if (gelf_getshdr(section, &shdr) && (shdr.sh_flags & SHF_EXECINSTR))
            symbols->sections[symbols->n_sections++] = (struct range){shdr.sh_addr, shdr.sh_size};
    }
}

/* What a label says ends with its section at the latest. */
static bool same_section(const struct symbols *symbols, uint64_t a, uint64_t b) {
    for (size_t i = 0; i < symbols->n_sections; i++) {
        const struct range *range = &symbols->sections[i];
        if (b - range->start < range->size)
            return a - range->start < range->size;
    }
    return symbols->n_sections == 0;
}

int symbols_new(const struct elf_file *main, const struct elf_file *debug,
                const struct elf_file *mini, struct symbols **ret) {
    BASE_CLEANUP(symbols_free)
    struct symbols *symbols = calloc(1, sizeof(*symbols));
    if (!symbols)
        return -ENOMEM;
    const struct elf_file *sources[] = {main, debug, mini};
    int r = 0;
    for (size_t i = 0; i < 3 && r == 0; i++)
        if (sources[i])
            r = add_table(symbols, main, sources[i], SHT_SYMTAB);
    symbols->complete = symbols->n > 0;
    /* The full table has all of .dynsym; a .gnu_debugdata leaves those out. */
    if (r == 0 && (symbols->n == 0 || mini))
        r = add_table(symbols, main, main, SHT_DYNSYM);
    if (r == 0)
        r = plt_read(main, &symbols->plt);
    if (r < 0 && r != -ENOENT)
        return r;
    read_sections(symbols, main);
    sort(symbols);
    *ret = TAKE_POINTER(symbols);
    return 0;
}

int symbols_from_memory(const uint8_t *table, size_t table_size, const char *strings,
                        size_t strings_size, struct symbols **ret) {
    BASE_CLEANUP(symbols_free)
    struct symbols *symbols = calloc(1, sizeof(*symbols));
    if (!symbols)
        return -ENOMEM;
    for (size_t at = 0; at + sizeof(GElf_Sym) <= table_size; at += sizeof(GElf_Sym)) {
        GElf_Sym sym;
        memcpy(&sym, table + at, sizeof(sym));
        int type = GELF_ST_TYPE(sym.st_info);
        if ((type != STT_FUNC && type != STT_GNU_IFUNC) || sym.st_shndx == SHN_UNDEF ||
            sym.st_name == 0 || sym.st_name >= strings_size ||
            !memchr(strings + sym.st_name, '\0', strings_size - sym.st_name))
            continue;
        int r = add(symbols, &sym, strings + sym.st_name);
        if (r < 0)
            return r;
    }
    sort(symbols);
    *ret = TAKE_POINTER(symbols);
    return 0;
}

bool symbols_empty(const struct symbols *symbols) {
    return symbols->n == 0;
}

size_t symbols_count(const struct symbols *symbols) {
    return symbols->n;
}

/* The last entry at or before address, or NULL. */
static const struct entry *nearest_before(const struct symbols *symbols, uint64_t address) {
    size_t low = 0, high = symbols->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (symbols->entries[middle].address <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 ? &symbols->entries[low - 1] : NULL;
}

static void describe(const struct entry *entry, struct symbol *ret) {
    *ret = (struct symbol){.name = entry->name, .address = entry->address, .size = entry->size};
}

bool symbols_lookup(const struct symbols *symbols, uint64_t address, struct symbol *ret) {
    enum { LOOK_BACK = 32 };
    const struct entry *nearest = nearest_before(symbols, address), *best = NULL;
    if (!nearest)
        return false;
    /* A sized symbol may enclose smaller ones and labels; look a little further back. */
    for (const struct entry *e = nearest; e >= symbols->entries && nearest - e < LOOK_BACK; e--) {
        if (address - e->address < e->size &&
            (!best || (e->address == best->address && e->rank > best->rank))) {
            best = e;
        } else if (best && e->address != best->address) {
            break;
        }
    }
    /* Hand-written assembly leaves sizes out: such a label reaches to the next symbol. */
    if (!best && nearest->size == 0 && same_section(symbols, nearest->address, address))
        best = nearest;
    if (best)
        describe(best, ret);
    return best != NULL;
}

bool symbols_describe(const struct symbols *symbols, uint64_t address, char space[SYMBOLS_SPACE],
                      struct symbol *ret) {
    uint64_t start;
    const char *name = symbols->plt ? plt_lookup(symbols->plt, address, &start) : NULL;
    if (name) {
        snprintf(space, SYMBOLS_SPACE, "%.*s@plt", SYMBOLS_SPACE - 8, name);
        *ret = (struct symbol){.name = space, .address = start};
        return true;
    }
    if (symbols_lookup(symbols, address, ret))
        return true;
    const struct entry *nearest = nearest_before(symbols, address);
    /* Between what is exported lies what has no name. */
    if (!symbols->complete || !nearest || nearest->size == 0 ||
        address - nearest->address - nearest->size >= OUTSIDE_LIMIT ||
        !same_section(symbols, nearest->address, address))
        return false;
    describe(nearest, ret);
    ret->outside = true;
    return true;
}

/* A symbol table for debugging has versions in its names: "name@@VERSION". */
static bool is_named(const char *symbol, const char *name, size_t length) {
    return strncmp(symbol, name, length) == 0 && (symbol[length] == '\0' || symbol[length] == '@');
}

bool symbols_find(const struct symbols *symbols, const char *name, struct symbol *ret) {
    const struct entry *found = NULL;
    size_t length = strlen(name);
    for (size_t i = 0; i < symbols->n; i++) {
        const struct entry *e = &symbols->entries[i];
        if (!is_named(e->name, name, length))
            continue;
        /* Which of its versions is meant, the name does not tell. */
        if (found && found->address != e->address)
            return false;
        found = e;
    }
    if (found)
        describe(found, ret);
    return found != NULL;
}

int symbols_unpack_mini(const struct elf_file *file, struct elf_file **ret) {
    size_t size;
    const uint8_t *packed = elf_file_section(file, ".gnu_debugdata", &size, NULL);
    if (!packed || size > MINI_LIMIT)
        return -ENOENT;
    lzma_stream stream = LZMA_STREAM_INIT;
    if (lzma_stream_decoder(&stream, MINI_LIMIT, 0) != LZMA_OK)
        return -ENOMEM;
    size_t allocated = size * 4 + 4096;
    uint8_t *out = NULL;
    lzma_ret state = LZMA_OK;
    stream.next_in = packed;
    stream.avail_in = size;
    while (state == LZMA_OK) {
        uint8_t *grown = stream.total_out < MINI_LIMIT ? realloc(out, allocated) : NULL;
        if (!grown)
            break;
        out = grown;
        stream.next_out = out + stream.total_out;
        stream.avail_out = allocated - stream.total_out;
        state = lzma_code(&stream, LZMA_FINISH);
        allocated *= 2;
    }
    size_t total = stream.total_out;
    lzma_end(&stream);
    if (state != LZMA_STREAM_END) {
        free(out);
        return -EBADMSG;
    }
    return elf_file_from_memory(file->path, out, total, ret);
}
