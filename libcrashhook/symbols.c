/* SPDX-License-Identifier: MIT */
/*
 * Async-signal-safe, which dlsym() is not: the dynamic linker may hold its lock, or be what
 * crashed. Everything is read as memory that may be anything.
 */
#include "libcrashhook/symbols.h"

#include <elf.h>

#include "libcrashhook/text.h"

enum { DYNAMIC_MAX = 128, CHAIN_MAX = 4096, NAME_MAX_SIZE = 128, VERSION_HIDDEN = 0x8000 };

/* glibc relocates these entries, musl and the vdso do not. */
static uint64_t relocated(uint64_t bias, uint64_t address) {
    return address < bias ? address + bias : address;
}

bool symbols_open(struct symbols *symbols, uint64_t bias, uint64_t dynamic, struct memory *memory) {
    *symbols = (struct symbols){.bias = bias, .memory = memory};
    for (size_t i = 0; dynamic != 0 && i < DYNAMIC_MAX; i++) {
        Elf64_Dyn entry;
        if (!memory_read_all(memory, dynamic + i * sizeof entry, &entry, sizeof entry) ||
            entry.d_tag == DT_NULL)
            break;
        if (entry.d_tag == DT_SYMTAB)
            symbols->table = relocated(bias, entry.d_un.d_ptr);
        else if (entry.d_tag == DT_STRTAB)
            symbols->strings = relocated(bias, entry.d_un.d_ptr);
        else if (entry.d_tag == DT_STRSZ)
            symbols->strings_size = entry.d_un.d_val;
        else if (entry.d_tag == DT_GNU_HASH)
            symbols->gnu_hash = relocated(bias, entry.d_un.d_ptr);
        else if (entry.d_tag == DT_HASH)
            symbols->hash = relocated(bias, entry.d_un.d_ptr);
        else if (entry.d_tag == DT_VERSYM)
            symbols->versions = relocated(bias, entry.d_un.d_ptr);
    }
    /* No table says how many symbols there are, but the strings follow them. */
    if (symbols->strings > symbols->table)
        symbols->table_size = symbols->strings - symbols->table;
    return symbols->table != 0 && symbols->strings != 0;
}

static bool has_name(const struct symbols *symbols, const Elf64_Sym *symbol, const char *name) {
    char found[NAME_MAX_SIZE];

    if (text_length(name) >= sizeof found - 2)
        return false;
    memory_string(symbols->memory, symbols->strings + symbol->st_name, found,
                  text_length(name) + 2);
    return text_equal(found, name);
}

/* An older version of a function stays for old programs; others never see it. */
static bool is_hidden(const struct symbols *symbols, uint32_t index) {
    uint16_t version;

    return symbols->versions != 0 &&
           memory_read_all(symbols->memory, symbols->versions + (uint64_t)index * sizeof version,
                           &version, sizeof version) &&
           (version & VERSION_HIDDEN) != 0;
}

static uint64_t address_of(const struct symbols *symbols, uint32_t index, const char *name,
                           uint64_t *size) {
    Elf64_Sym symbol;

    if (!memory_read_all(symbols->memory, symbols->table + (uint64_t)index * sizeof symbol, &symbol,
                         sizeof symbol) ||
        symbol.st_shndx == SHN_UNDEF || ELF64_ST_TYPE(symbol.st_info) == STT_GNU_IFUNC ||
        !has_name(symbols, &symbol, name) || is_hidden(symbols, index))
        return 0;
    *size = symbol.st_size;
    return symbols->bias + symbol.st_value;
}

static bool read_index(const struct symbols *symbols, uint64_t table, uint64_t at,
                       uint32_t *index) {
    return memory_read_all(symbols->memory, table + at * sizeof *index, index, sizeof *index);
}

static uint32_t gnu_hash(const char *name) {
    uint32_t hash = 5381;

    for (; *name != '\0'; name++)
        hash = hash * 33 + (uint8_t)*name;
    return hash;
}

static uint64_t find_by_gnu_hash(const struct symbols *symbols, const char *name, uint64_t *size) {
    uint32_t header[4], hash = gnu_hash(name), index, chain;
    uint64_t buckets, chains, found;

    if (!memory_read_all(symbols->memory, symbols->gnu_hash, header, sizeof header) ||
        header[0] == 0)
        return 0;
    buckets = symbols->gnu_hash + sizeof header + (uint64_t)header[2] * sizeof(uint64_t);
    chains = buckets + (uint64_t)header[0] * sizeof(uint32_t);
    if (!read_index(symbols, buckets, hash % header[0], &index) || index < header[1])
        return 0;
    for (unsigned i = 0; i < CHAIN_MAX; i++, index++) {
        if (!read_index(symbols, chains, index - header[1], &chain))
            return 0;
        if ((chain | 1) == (hash | 1) && (found = address_of(symbols, index, name, size)) != 0)
            return found;
        if (chain & 1)
            return 0;
    }
    return 0;
}

/* System V ABI, "Hash Table": what libraries of before 2006 have, and musl's. */
static uint32_t sysv_hash(const char *name) {
    uint32_t hash = 0;

    for (; *name != '\0'; name++) {
        uint32_t high;
        hash = (hash << 4) + (uint8_t)*name;
        high = hash & 0xf0000000;
        hash = (hash ^ high >> 24) & ~high;
    }
    return hash;
}

static uint64_t find_by_sysv_hash(const struct symbols *symbols, const char *name, uint64_t *size) {
    uint64_t buckets = symbols->hash + 2 * sizeof(uint32_t), found;
    uint32_t header[2], index;

    if (!memory_read_all(symbols->memory, symbols->hash, header, sizeof header) || header[0] == 0 ||
        !read_index(symbols, buckets, sysv_hash(name) % header[0], &index))
        return 0;
    for (unsigned i = 0; i < CHAIN_MAX && index != STN_UNDEF; i++) {
        if ((found = address_of(symbols, index, name, size)) != 0)
            return found;
        if (!read_index(symbols, buckets, (uint64_t)header[0] + index, &index))
            return 0;
    }
    return 0;
}

uint64_t symbols_find(const struct symbols *symbols, const char *name, uint64_t *size) {
    if (symbols->gnu_hash != 0)
        return find_by_gnu_hash(symbols, name, size);
    return symbols->hash != 0 ? find_by_sysv_hash(symbols, name, size) : 0;
}
