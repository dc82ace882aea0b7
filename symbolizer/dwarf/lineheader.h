/* SPDX-License-Identifier: MIT */
/* Header of a line table (DWARF 5, 6.2.4; DWARF 4 before): directories, files, the program's
 * parameters. */
#ifndef SYMBOLIZER_DWARF_LINEHEADER_H
#define SYMBOLIZER_DWARF_LINEHEADER_H

#include "symbolizer/dwarf/unit.h"

struct line_file {
    const char *name;
    uint64_t directory;
};

struct line_header {
    struct dw_unit unit; /* as the table sees it: it may be of another width */
    uint16_t version;
    uint8_t minimum_instruction, line_range, opcode_base;
    int8_t line_base;
    bool default_statement;
    const uint8_t *operands; /* number of each standard opcode's, from opcode 1 on */
    const uint8_t *program, *end;
    const char **directories;
    size_t n_directories;
    struct line_file *files;
    size_t n_files;
};

/* 0, -ENODATA if the unit has no table or it is broken, -ENOMEM. */
int line_header_read(struct dw_unit *unit, struct line_header *ret);
void line_header_free(struct line_header *header);
/* NULL for the directory of the compilation. */
const char *line_header_directory(const struct line_header *header, uint64_t number);

#endif
