/* SPDX-License-Identifier: MIT */
/*
 * Where a module's call frame information is, in the forms that libunwind searches: the linker's
 * .eh_frame_hdr, or tables of our own for what has none (FINDINGS F.1.2). Addresses are those of
 * the file; nothing here knows where the module was loaded.
 */
#ifndef SYMBOLIZER_UNWIND_TABLE_H
#define SYMBOLIZER_UNWIND_TABLE_H

#include "symbolizer/elf_file.h"

struct unwind_entry {
    int32_t ip, fde; /* relative to start and to section */
};

/* Sorted by ip, to be placed where the unwinder can read it. */
struct unwind_synthetic {
    struct unwind_entry *entries;
    size_t n;
    uint64_t start, end; /* addresses that are covered */
    uint64_t section;    /* address of .eh_frame; 0 for frames */
    uint8_t *frames;     /* .debug_frame rewritten in the form of .eh_frame, or NULL */
    size_t frames_size;
};

struct unwind_tables {
    bool has_header;
    uint64_t header, header_count; /* address of .eh_frame_hdr, entries in its table */
    struct unwind_synthetic eh_frame, debug_frame; /* n is 0 if not needed or not there */
};

/* Empty if there is no call frame information. 0 or -ENOMEM. */
int unwind_tables_new(const struct elf_file *file, struct unwind_tables **ret);
/* What a separate debug file has besides, if there is no .debug_frame yet. */
int unwind_tables_add(struct unwind_tables *tables, const struct elf_file *debug);
/* From a range of memory that holds .eh_frame_hdr or .eh_frame; -ENOENT if it does not. */
int unwind_tables_from_memory(uint64_t address, const uint8_t *bytes, size_t size,
                              struct unwind_tables **ret);
struct unwind_tables *unwind_tables_free(struct unwind_tables *tables);
BASE_DEFINE_CLEANUP(unwind_tables_free, struct unwind_tables *, unwind_tables_free);

/* Adds bias to the functions' addresses in a copy of .debug_frame's frames, which has absolute
 * ones. */
void unwind_synthetic_relocate(const struct unwind_synthetic *table, uint8_t *frames,
                               uint64_t bias);

#endif
