/* SPDX-License-Identifier: MIT */
#include "symbolizer/functions.h"

#include <dwarf.h>
#include <errno.h>
#include <string.h>

#include "symbolizer/scope.h"
#include "symbolizer/units.h"

enum { SCOPES_LIMIT = 256, WORK_PER_LOOKUP = 4 << 20 };

struct functions {
    struct units units;
};

int functions_new(Dwarf *dwarf, struct functions **ret) {
    struct functions *functions = calloc(1, sizeof(*functions));
    if (!functions)
        return -ENOMEM;
    int r = units_read(dwarf, &functions->units);
    if (r < 0) {
        free(functions);
        return r;
    }
    *ret = functions;
    return 0;
}

struct functions *functions_free(struct functions *functions) {
    if (functions) {
        units_free(&functions->units);
        free(functions);
    }
    return NULL;
}

void code_chain_free(struct code_chain *chain) {
    for (size_t i = 0; i < chain->n; i++)
        free(chain->frames[i].qualified);
    chain->n = 0;
}

struct lookup {
    uint64_t address;
    enum line_choice choice;
    struct code_chain *chain;
    size_t work; /* steps left; nothing that an honest file needs comes near */
};

static bool covers(struct lookup *lookup, Dwarf_Die *die) {
    Dwarf_Addr base, low, high;
    ptrdiff_t at = 0;
    while (lookup->work > 0 && (at = dwarf_ranges(die, at, &base, &low, &high)) > 0) {
        lookup->work--;
        if (lookup->address >= low && lookup->address < high)
            return true;
    }
    return false;
}

static bool is_scope(int tag) {
    return tag == DW_TAG_inlined_subroutine || tag == DW_TAG_lexical_block ||
           tag == DW_TAG_try_block || tag == DW_TAG_catch_block;
}

/* The scopes inside of function that hold the address, outermost first; those that are inlined
 * calls go to chain. */
static size_t descend(struct lookup *lookup, Dwarf_Die function,
                      Dwarf_Die chain[CODE_CHAIN_LIMIT]) {
    size_t n = 0;
    chain[n++] = function;
    Dwarf_Die scope = function, child;
    for (size_t depth = 0; depth < SCOPES_LIMIT && n < CODE_CHAIN_LIMIT; depth++) {
        if (dwarf_child(&scope, &child) != 0)
            break;
        bool found = false;
        do {
            lookup->work -= lookup->work > 0;
            found = is_scope(dwarf_tag(&child)) && covers(lookup, &child);
        } while (!found && lookup->work > 0 && unit_next_sibling(&child));
        if (!found)
            break;
        scope = child;
        if (dwarf_tag(&scope) == DW_TAG_inlined_subroutine)
            chain[n++] = scope;
    }
    return n;
}

static unsigned unsigned_attribute(Dwarf_Die *die, unsigned name) {
    Dwarf_Attribute attribute;
    Dwarf_Word value;
    if (!dwarf_attr(die, name, &attribute) || dwarf_formudata(&attribute, &value) != 0 ||
        value > INT32_MAX)
        return 0;
    return (unsigned)value;
}

static const char *string_attribute(Dwarf_Die *die, unsigned name) {
    Dwarf_Attribute attribute;
    return dwarf_formstring(dwarf_attr_integrate(die, name, &attribute));
}

static void name_frame(Dwarf_Die *die, struct code_frame *frame) {
    Dwarf_Addr base, low, high;
    frame->id = dwarf_dieoffset(die);
    if (dwarf_ranges(die, 0, &base, &low, &high) > 0)
        frame->low = low;
    frame->name = string_attribute(die, DW_AT_name);
    frame->linkage_name = string_attribute(die, DW_AT_linkage_name);
    if (!frame->linkage_name)
        frame->linkage_name = string_attribute(die, DW_AT_MIPS_linkage_name);
    frame->plain = scope_language_is_plain(die);
    if (!frame->linkage_name && !frame->plain && frame->name)
        frame->qualified = scope_qualified_name(die);
}

static void call_site(Dwarf_Die *inlined, struct code_frame *frame) {
    frame->line = unsigned_attribute(inlined, DW_AT_call_line);
    frame->column = unsigned_attribute(inlined, DW_AT_call_column);
    unsigned index = unsigned_attribute(inlined, DW_AT_call_file);
    Dwarf_Die unit;
    Dwarf_Files *files;
    size_t n;
    if (dwarf_diecu(inlined, &unit, NULL, NULL) && dwarf_getsrcfiles(&unit, &files, &n) == 0 &&
        index < n)
        frame->file = dwarf_filesrc(files, index, NULL, NULL);
}

static Dwarf_Line *line_at(struct unit *unit, uint64_t address, enum line_choice choice) {
    if (!unit->lines_read) {
        unit->lines_read = true;
        if (dwarf_getsrclines(&unit->die, &unit->lines, &unit->n_lines) != 0)
            unit->n_lines = 0;
    }
    size_t low = 0, high = unit->n_lines;
    Dwarf_Addr at;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        Dwarf_Line *line = dwarf_onesrcline(unit->lines, middle);
        if (!line || dwarf_lineaddr(line, &at) != 0)
            return NULL;
        if (at <= address)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0)
        return NULL;
    Dwarf_Line *found = dwarf_onesrcline(unit->lines, --low);
    bool end = true, statement = true;
    if (!found || dwarf_lineendsequence(found, &end) != 0 || end || dwarf_lineaddr(found, &at) != 0)
        return NULL;
    if (choice == LINE_LAST)
        return found;
    for (size_t i = low;
         dwarf_linebeginstatement(dwarf_onesrcline(unit->lines, i), &statement) == 0; i--) {
        Dwarf_Line *line = dwarf_onesrcline(unit->lines, i);
        Dwarf_Addr same;
        if (dwarf_lineaddr(line, &same) != 0 || same != at ||
            dwarf_lineendsequence(line, &end) != 0 || end)
            break;
        if (statement)
            return line;
        if (i == 0)
            break;
    }
    return found;
}

static bool line_frame(struct unit *unit, const struct lookup *lookup, struct code_frame *frame) {
    Dwarf_Line *line = line_at(unit, lookup->address, lookup->choice);
    if (!line)
        return false;
    int number;
    frame->file = dwarf_linesrc(line, NULL, NULL);
    if (dwarf_lineno(line, &number) == 0 && number > 0)
        frame->line = (unsigned)number;
    if (dwarf_linecol(line, &number) == 0 && number > 0)
        frame->column = (unsigned)number;
    if (dwarf_linediscriminator(line, &frame->discriminator) != 0)
        frame->discriminator = 0;
    return true;
}

static bool visit(struct units *units, struct unit *unit, void *data) {
    struct lookup *lookup = data;
    struct code_chain *chain = lookup->chain;
    Dwarf_Die function;
    uint64_t entry;
    bool found = unit_function_at(units, unit, lookup->address, &function, &entry);
    if (!found && chain->n > 0)
        return false;
    struct code_frame here = {0};
    bool has_line = line_frame(unit, lookup, &here);
    if (!found && !has_line)
        return false;
    Dwarf_Attribute attribute;
    chain->comp_dir = dwarf_formstring(dwarf_attr(&unit->die, DW_AT_comp_dir, &attribute));
    chain->n = 1;
    chain->frames[0] = here;
    if (!found)
        return false; /* another unit may know the function */
    Dwarf_Die scopes[CODE_CHAIN_LIMIT];
    chain->n = descend(lookup, function, scopes);
    chain->has_function = true;
    chain->entry = entry;
    for (size_t i = 0; i < chain->n; i++) {
        struct code_frame *frame = &chain->frames[i];
        Dwarf_Die *die = &scopes[chain->n - 1 - i];
        *frame = i == 0 ? here : (struct code_frame){0};
        name_frame(die, frame);
        if (i > 0)
            call_site(&scopes[chain->n - i], frame);
    }
    return true;
}

bool functions_lookup(struct functions *functions, uint64_t address, enum line_choice choice,
                      struct code_chain *ret) {
    ret->n = 0;
    ret->has_function = false;
    ret->entry = 0;
    ret->comp_dir = NULL;
    struct lookup lookup = {address, choice, ret, WORK_PER_LOOKUP};
    return units_at(&functions->units, address, visit, &lookup) || ret->n > 0;
}
