/* SPDX-License-Identifier: MIT */
/*
 * Async-signal-safe, which dlsym() is not: the dynamic linker may hold its lock, or be what
 * crashed. Everything is read as memory that may be anything.
 */
#include "libcrashhook/symbols.h"

#include "libcrashhook/text.h"

enum { DYNAMIC_MAX = 128, CHAIN_MAX = 4096, NAME_MAX_SIZE = 128 };

/* glibc relocates these entries, musl and the vdso do not. */
static uint64_t relocated(const struct module *module, uint64_t address) {
    return address < module->bias ? address + module->bias : address;
}

bool symbols_open(struct symbols *symbols, const struct module *module,
                  const struct module_image *image, struct memory *memory) {
    uint64_t dynamic = 0;

    *symbols = (struct symbols){.module = module, .memory = memory};
    for (size_t i = 0; i < image->n_segments; i++) {
        if (image->segments[i].p_type == PT_DYNAMIC)
            dynamic = module->bias + image->segments[i].p_vaddr;
    }
    for (size_t i = 0; dynamic != 0 && i < DYNAMIC_MAX; i++) {
        Elf64_Dyn entry;
        if (!memory_read_all(memory, dynamic + i * sizeof entry, &entry, sizeof entry) ||
            entry.d_tag == DT_NULL)
            break;
        if (entry.d_tag == DT_SYMTAB)
            symbols->table = relocated(module, entry.d_un.d_ptr);
        else if (entry.d_tag == DT_STRTAB)
            symbols->strings = relocated(module, entry.d_un.d_ptr);
        else if (entry.d_tag == DT_STRSZ)
            symbols->strings_size = entry.d_un.d_val;
        else if (entry.d_tag == DT_GNU_HASH)
            symbols->gnu_hash = relocated(module, entry.d_un.d_ptr);
    }
    /* No table says how many symbols there are, but the strings follow them. */
    if (symbols->strings > symbols->table)
        symbols->table_size = symbols->strings - symbols->table;
    return symbols->table != 0 && symbols->strings != 0;
}

static uint32_t gnu_hash(const char *name) {
    uint32_t hash = 5381;

    for (; *name != '\0'; name++)
        hash = hash * 33 + (uint8_t)*name;
    return hash;
}

static bool has_name(const struct symbols *symbols, const Elf64_Sym *symbol, const char *name) {
    char found[NAME_MAX_SIZE];

    if (text_length(name) >= sizeof found)
        return false;
    memory_string(symbols->memory, symbols->strings + symbol->st_name, found,
                  text_length(name) + 2);
    return text_equal(found, name);
}

uint64_t symbols_find(const struct symbols *symbols, const char *name, uint64_t *size) {
    uint32_t header[4], hash = gnu_hash(name), index, chain;
    uint64_t buckets, chains;

    if (symbols->gnu_hash == 0 ||
        !memory_read_all(symbols->memory, symbols->gnu_hash, header, sizeof header) ||
        header[0] == 0)
        return 0;
    buckets = symbols->gnu_hash + sizeof header + (uint64_t)header[2] * sizeof(uint64_t);
    chains = buckets + (uint64_t)header[0] * sizeof(uint32_t);
    if (!memory_read_all(symbols->memory, buckets + (uint64_t)(hash % header[0]) * sizeof index,
                         &index, sizeof index) ||
        index < header[1])
        return 0;
    for (unsigned i = 0; i < CHAIN_MAX; i++, index++) {
        Elf64_Sym symbol;
        if (!memory_read_all(symbols->memory, chains + (uint64_t)(index - header[1]) * sizeof chain,
                             &chain, sizeof chain))
            return 0;
        if ((chain | 1) == (hash | 1) &&
            memory_read_all(symbols->memory, symbols->table + (uint64_t)index * sizeof symbol,
                            &symbol, sizeof symbol) &&
            symbol.st_shndx != SHN_UNDEF && has_name(symbols, &symbol, name)) {
            *size = symbol.st_size;
            return symbols->module->bias + symbol.st_value;
        }
        if (chain & 1)
            return 0;
    }
    return 0;
}
