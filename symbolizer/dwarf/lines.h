/* SPDX-License-Identifier: MIT */
/*
 * The line table of a unit (DWARF 5, 6.2). Its program is run once to learn where its sequences
 * are; what is kept is its state every few hundred rows, from which a lookup runs it again.
 */
#ifndef SYMBOLIZER_DWARF_LINES_H
#define SYMBOLIZER_DWARF_LINES_H

#include "symbolizer/dwarf/unit.h"

struct dw_row {
    uint64_t address;
    uint32_t file, line, column, discriminator;
    bool statement, end;
};

/* Of several rows for one address gdb takes the last that begins a statement, addr2line the last.
 */
enum dw_row_choice { DW_ROW_STATEMENT, DW_ROW_LAST };

struct dw_lines;

/* 0, -ENODATA if there is no table, -ENOMEM. */
int dw_lines_read(struct dw_unit *unit, struct dw_lines **ret);
struct dw_lines *dw_lines_free(struct dw_lines *lines);

/* The row that covers address. */
bool dw_lines_at(struct dw_lines *lines, uint64_t address, enum dw_row_choice choice,
                 struct dw_row *ret);
/* Whether a row covers address. */
bool dw_lines_cover(const struct dw_lines *lines, uint64_t address);
/* The addresses of each sequence of rows. */
void dw_lines_sequences(const struct dw_lines *lines,
                        void (*visit)(uint64_t low, uint64_t high, void *data), void *data);
/* What dw_lines_at gives for the addresses from low to high, by address, for both choices: from
 * address on to the next visit. low is covered, and no sequence begins or ends before high. */
void dw_lines_between(struct dw_lines *lines, uint64_t low, uint64_t high,
                      void (*visit)(uint64_t address, const struct dw_row *statement,
                                    const struct dw_row *last, void *data),
                      void *data);
/* Path of a file as rows and DW_AT_call_file number them; where it is not absolute it counts from
 * DW_AT_comp_dir. NULL if there is none with that number. */
const char *dw_lines_file(struct dw_lines *lines, uint64_t file);

#endif
