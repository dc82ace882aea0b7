/* SPDX-License-Identifier: MIT */
/* A line table: every row that its program makes is found again, in whatever order it came. */
#include "tests/fuzz/fuzz.h"

#include "symbolizer/dwarf/die.h"
#include "symbolizer/dwarf/lineheader.h"
#include "symbolizer/dwarf/lineprogram.h"
#include "symbolizer/dwarf/lines.h"

enum { ROWS = 200 };

static void find_again(struct dw_lines *lines, const struct dw_row *row) {
    struct dw_row found;
    dw_lines_file(lines, row->file);
    if (dw_lines_at(lines, row->address, DW_ROW_STATEMENT, &found))
        FUZZ_REQUIRE(found.address <= row->address && !found.end);
    if (dw_lines_at(lines, row->address + 1, DW_ROW_LAST, &found))
        FUZZ_REQUIRE(found.address <= row->address + 1 && !found.end);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    /* Up to the first byte the table, then .debug_line_str. */
    if (size < 2)
        return 0;
    size_t strings = (size_t)data[0] < size - 1 ? data[0] : size - 1;
    struct dw_info info = {0};
    for (int i = 0; i < DW_SECTIONS; i++)
        info.sections.at[i].read = true;
    info.sections.at[DW_SECTION_LINE_STR].plain = (struct dw_slice){data + 1, strings};
    info.sections.at[DW_SECTION_LINE].plain =
        (struct dw_slice){data + 1 + strings, size - 1 - strings};
    struct dw_unit unit = {.info = &info,
                           .version = 5,
                           .address_size = 8,
                           .offset_size = 4,
                           .root_read = true,
                           .lines = {.there = true, .form = DW_FORM_sec_offset}};
    struct dw_lines *lines = NULL;
    if (dw_lines_read(&unit, &lines) == 0) {
        struct line_header header;
        if (line_header_read(&unit, &header) == 0) {
            struct line_state state = line_state_start(&header);
            struct dw_row row;
            for (size_t i = 0; i < ROWS && line_program_row(&header, &state, &row); i++)
                find_again(lines, &row);
            line_header_free(&header);
        }
        dw_lines_free(lines);
    }
    return 0;
}
