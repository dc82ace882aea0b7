/* SPDX-License-Identifier: MIT */
/* Debug sections, one behind the other behind a table of their sizes, all the way to the chains of
 * inlined calls at addresses that they themselves name, and to the places of variables there. */
#include "tests/fuzz/fuzz.h"

#include "symbolizer/dwarf/locations.h"
#include "symbolizer/dwarf/ranges.h"
#include "symbolizer/functions.h"

enum { SECTIONS = DW_SECTION_TYPES + 1, ADDRESSES = 24, ENTRIES = 2000 };

static bool read_sections(const uint8_t *data, size_t size, struct dw_info *info) {
    uint16_t sizes[SECTIONS];
    if (size < sizeof(sizes) + 1)
        return false;
    memcpy(sizes, data, sizeof(sizes));
    info->split = data[sizeof(sizes)] & 1;
    size_t at = sizeof(sizes) + 1;
    for (int i = 0; i < DW_SECTIONS; i++)
        info->sections.at[i].read = true;
    for (int i = 0; i < SECTIONS; i++) {
        size_t take = sizes[i] < size - at ? sizes[i] : size - at;
        if (take > 0)
            info->sections.at[i].plain = (struct dw_slice){data + at, take};
        at += take;
    }
    return info->sections.at[DW_SECTION_INFO].plain.data != NULL;
}

static void look_up(struct functions *functions, uint64_t address) {
    static struct code_chain chain;
    if (functions_lookup(functions, address, DW_ROW_STATEMENT, &chain))
        FUZZ_REQUIRE(chain.n > 0 && chain.n <= CODE_CHAIN_LIMIT);
    code_chain_free(&chain);
    functions_lookup(functions, address, DW_ROW_LAST, &chain);
    code_chain_free(&chain);
}

/* Goes through the tree, as readers of variables do. */
static void read_entries(struct dw_unit *unit) {
    struct dw_die stack[32];
    size_t depth = 1;
    if (!dw_unit_root(unit, &stack[0]))
        return;
    for (size_t i = 0; i < ENTRIES && depth > 0; i++) {
        struct dw_die *die = &stack[depth - 1], other;
        struct dw_value value;
        const uint8_t *expression;
        size_t size;
        dw_die_inherited_string(die, DW_AT_name);
        dw_die_reference(die, DW_AT_type, &other);
        if (dw_die_inherited(die, DW_AT_location, &value))
            dw_location_at(&value, unit->base, &expression, &size);
        if (depth < 32 && dw_die_child(die, &stack[depth])) {
            depth++;
            continue;
        }
        while (depth > 0 && !dw_die_next_sibling(&stack[depth - 1]))
            depth--;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const struct elf_file nowhere = {.path = (char *)"/nonexistent/program"};
    struct dw_info *info = calloc(1, sizeof(*info));
    FUZZ_REQUIRE(info);
    info->file = &nowhere;
    struct functions *functions = NULL;
    if (read_sections(data, size, info) && dw_units_read(info) == 0 &&
        functions_new(info, &functions) == 0) {
        size_t looked = 0;
        for (size_t i = 0; i < info->n_units && i < 8; i++) {
            struct dw_ranges ranges;
            uint64_t low, high;
            dw_unit_ranges(&info->units[i], &ranges);
            while (looked < ADDRESSES && dw_ranges_next(&ranges, &low, &high)) {
                look_up(functions, low);
                look_up(functions, low + (high - low) / 2);
                look_up(functions, high - 1);
                looked += 3;
            }
            read_entries(&info->units[i]);
        }
        look_up(functions, 0x1000);
        functions_free(functions);
    }
    dw_info_free(info);
    return 0;
}
