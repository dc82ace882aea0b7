/* SPDX-License-Identifier: MIT */
/* Functions by ELF symbol tables. */
#ifndef SYMBOLIZER_SYMBOLS_H
#define SYMBOLIZER_SYMBOLS_H

#include "symbolizer/elf_file.h"

struct symbols;

struct symbol {
    const char *name;
    uint64_t address, size;
    bool outside; /* size ends before the address that was asked for */
};

/* main: the module's file; others may be NULL: its separate debug file, its .gnu_debugdata. All
 * must outlive the result. 0 or -ENOMEM. */
int symbols_new(const struct elf_file *main, const struct elf_file *debug,
                const struct elf_file *mini, struct symbols **ret);
/* From .dynsym and .dynstr as they stood in memory; both must outlive the result. */
int symbols_from_memory(const uint8_t *table, size_t table_size, const char *strings,
                        size_t strings_size, struct symbols **ret);
struct symbols *symbols_free(struct symbols *symbols);

/* The function that covers address. */
bool symbols_lookup(const struct symbols *symbols, uint64_t address, struct symbol *ret);
/* Entries of the procedure linkage table too: "function@plt". Else the last function before address
 * if that is near. ret->name may lie in space. */
enum { SYMBOLS_SPACE = 4096 };
bool symbols_describe(const struct symbols *symbols, uint64_t address, char space[SYMBOLS_SPACE],
                      struct symbol *ret);
/* The function of that name, as the table has it, in whatever version; false if several are. */
bool symbols_find(const struct symbols *symbols, const char *name, struct symbol *ret);
bool symbols_empty(const struct symbols *symbols);
size_t symbols_count(const struct symbols *symbols);

/* .gnu_debugdata of file, unpacked; -ENOENT if there is none. */
int symbols_unpack_mini(const struct elf_file *file, struct elf_file **ret);

#endif
