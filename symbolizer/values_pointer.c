/* SPDX-License-Identifier: MIT */
/* Pointers and references. */
#include <inttypes.h>
#include <stdlib.h>

#include "symbolizer/demangle.h"
#include "symbolizer/expression.h"
#include "symbolizer/objects.h"
#include "symbolizer/values.h"

enum { POINTER_BITS = 64 };

static bool function_at(struct walk *walk, size_t module, uint64_t address, struct symbol *ret) {
    const struct symbols *symbols = walk_symbols(walk, module);
    return symbols && symbols_lookup(symbols, address, ret);
}

static bool variable_at(struct walk *walk, size_t module, uint64_t address, struct symbol *ret) {
    const struct objects *objects = walk_objects(walk, module);
    return objects && objects_lookup(objects, address, ret);
}

void value_symbol(struct printer *printer, uint64_t address) {
    struct walk *walk = printer->activation->walk;
    int module = walk_module_at(walk, address);
    struct symbol symbol;
    if (module < 0 || !activation_spend(printer->activation, 16))
        return;
    uint64_t offset = address - walk->snapshot->modules[module].bias;
    bool found = walk_executable(walk, address)
                     ? function_at(walk, (size_t)module, offset, &symbol)
                     : variable_at(walk, (size_t)module, offset, &symbol);
    if (!found)
        return;
    BASE_CLEANUP(free)
    char *name = demangle_full(symbol.name);
    printer_format(printer, " <%.400s", name ? name : symbol.name);
    if (offset > symbol.address)
        printer_format(printer, "+%" PRIu64, offset - symbol.address);
    printer_add(printer, ">");
}

/* What nobody can read is told from what was not captured. */
static bool is_mapped(const struct walk *walk, uint64_t address) {
    return walk->snapshot->n_mappings == 0 || snapshot_mapping_at(walk->snapshot, address);
}

static void add_text(struct printer *printer, uint64_t address, struct quote_kind kind) {
    size_t before = printer->length;
    printer_add(printer, " ");
    if (quote_terminated(printer, address, kind))
        return;
    if (!is_mapped(printer->activation->walk, address)) {
        printer_format(printer, "<error: Cannot access memory at address 0x%" PRIx64 ">", address);
    } else if (!printer->full) {
        printer->length = before;
        printer_add(printer, " <not captured>");
    }
}

void value_address(struct printer *printer, uint64_t address, const struct dw_die *target) {
    struct quote_kind kind;
    printer_format(printer, "0x%" PRIx64, address);
    if (address == 0)
        return;
    value_symbol(printer, address);
    if (target && value_is_character(printer, target, &kind) && !printer_is_rust(printer))
        add_text(printer, address, kind);
}

void value_pointer(struct printer *printer, const struct object *object) {
    struct dw_die type, target;
    uint64_t address;
    enum outcome outcome =
        printer_number(printer, object->place, object->bit, POINTER_BITS, &address);
    if (outcome != OUTCOME_OK) {
        printer_outcome(printer, outcome);
        return;
    }
    bool typed = type_strip(&object->type, &type) && type_of(&type, &target);
    value_address(printer, address, typed ? &target : NULL);
}

/* What a reference refers to, where that is no object of its own. */
static bool synthetic(struct printer *printer, const struct object *object,
                      const struct dw_die *target, struct object *ret, struct place *place) {
    struct dw_die variable;
    int64_t offset;
    if (!place_target(object->place, object->bit, &variable, &offset) || offset < 0 ||
        expression_attribute(printer->activation, &variable, DW_AT_location, place) != OUTCOME_OK)
        return false;
    *ret = (struct object){.type = *target, .place = place, .bit = (uint64_t)offset * 8};
    return true;
}

void value_reference(struct printer *printer, const struct object *object) {
    struct dw_die type, target;
    struct object referred;
    struct place place;
    uint64_t address;
    if (!type_strip(&object->type, &type) || !type_of(&type, &target))
        return;
    enum outcome outcome =
        printer_number(printer, object->place, object->bit, POINTER_BITS, &address);
    if (outcome == OUTCOME_OK) {
        place = place_in_memory(address);
        referred = (struct object){.type = target, .place = &place};
    } else if (outcome != OUTCOME_SYNTHETIC ||
               !synthetic(printer, object, &target, &referred, &place)) {
        printer_outcome(printer, outcome);
        return;
    }
    /* What is shown as more than its members is shown without where it is. */
    if (value_library_cxx(printer, &referred))
        return;
    printer_add(printer, "@");
    if (outcome == OUTCOME_OK)
        printer_format(printer, "0x%" PRIx64, address);
    else
        printer_outcome(printer, outcome);
    /* In a structure gdb tells only where it refers to. */
    if (printer->depth > 0)
        return;
    printer_add(printer, ": ");
    value_print(printer, &referred);
}
