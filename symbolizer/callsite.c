/* SPDX-License-Identifier: MIT */
#include "symbolizer/callsite.h"

#include <string.h>

#include "symbolizer/dwarf/bytes.h"
#include "symbolizer/dwarf/ranges.h"
#include "symbolizer/dwarf/value.h"

enum { NESTING_LIMIT = 64, CALLERS_LIMIT = 8, SYMBOLS_PER_STEP = 16 };

static bool may_hold_calls(unsigned tag) {
    return tag == DW_TAG_lexical_block || tag == DW_TAG_inlined_subroutine;
}

static bool is_site_at(const struct dw_die *die, uint64_t return_address) {
    struct dw_value value;
    uint64_t address;
    unsigned name;
    if (dw_die_tag(die) == DW_TAG_call_site)
        name = DW_AT_call_return_pc;
    else if (dw_die_tag(die) == DW_TAG_GNU_call_site)
        name = DW_AT_low_pc;
    else
        return false;
    return dw_die_attribute(die, name, &value) && dw_value_address(&value, &address) &&
           address == return_address;
}

/* Among all that is inside of a function, blocks and inlined calls included. */
static bool find_site(const struct activation *caller, uint64_t return_address,
                      struct dw_die *ret) {
    struct dw_die path[NESTING_LIMIT];
    if (!dw_die_child(&caller->function, &path[0]))
        return false;
    for (size_t depth = 1; depth > 0;) {
        struct dw_die *die = &path[depth - 1];
        if (!activation_spend(caller, 1))
            return false;
        if (is_site_at(die, return_address)) {
            *ret = *die;
            return true;
        }
        if (depth < NESTING_LIMIT && may_hold_calls(dw_die_tag(die)) &&
            dw_die_child(die, &path[depth])) {
            depth++;
            continue;
        }
        while (depth > 0 && !dw_die_next_sibling(&path[depth - 1]))
            depth--;
    }
    return false;
}

static const char *linkage_name(const struct dw_die *die) {
    const char *name = dw_die_inherited_string(die, DW_AT_linkage_name);
    return name ? name : dw_die_inherited_string(die, DW_AT_MIPS_linkage_name);
}

static bool same_name(const char *a, const char *b) {
    return a && b && strcmp(a, b) == 0;
}

/* An external function is known to its caller by a declaration of its own, perhaps by another name
 * than to itself. */
static bool is_same_function(const struct activation *caller, const struct dw_die *named,
                             const struct activation *callee) {
    const struct dw_die *function = &callee->function;
    struct dw_die x = dw_die_declaration(*named), y = dw_die_declaration(*function);
    if (x.unit == y.unit && x.offset == y.offset)
        return true;
    const char *linked = linkage_name(named), *own = linkage_name(function);
    const char *name = linked ? linked : dw_die_inherited_string(named, DW_AT_name);
    if (same_name(name, own ? own : dw_die_inherited_string(function, DW_AT_name)))
        return true;
    const struct symbols *symbols = walk_symbols(caller->walk, (size_t)callee->module);
    struct symbol symbol;
    uint64_t entry;
    return name && symbols && activation_spend(caller, symbols_count(symbols) / SYMBOLS_PER_STEP) &&
           symbols_find(symbols, name, &symbol) && dw_die_entry(function, &entry) &&
           symbol.address == entry;
}

/* Where the called function has gone on to another one by a jump, that one was told other things
 * than the call says. */
static bool calls(const struct activation *caller, const struct dw_die *site,
                  const struct activation *callee) {
    struct dw_die origin;
    struct dw_value value;
    struct expression target = {.unit = site->unit};
    uint64_t address, entry;
    if (dw_die_reference(site, DW_AT_call_origin, &origin) ||
        dw_die_reference(site, DW_AT_abstract_origin, &origin))
        return is_same_function(caller, &origin, callee);
    if (!dw_die_attribute(site, DW_AT_call_target, &value) &&
        !dw_die_attribute(site, DW_AT_GNU_call_site_target, &value))
        return false;
    return dw_value_block(&value, &target.bytes, &target.size) &&
           expression_number(caller, &target, NULL, &address) == OUTCOME_OK &&
           dw_die_entry(&callee->function, &entry) && entry + callee->bias == address;
}

/* The register that an expression names, -1 if it is of another kind. */
static int64_t named_register(const uint8_t *expression, size_t size) {
    struct bytes bytes = bytes_of(expression, size, 0);
    unsigned operation = bytes_u8(&bytes);
    uint64_t number;
    if (operation >= DW_OP_reg0 && operation <= DW_OP_reg31) {
        number = operation - DW_OP_reg0;
    } else if (operation == DW_OP_regx) {
        number = bytes_uleb(&bytes);
    } else if (operation == DW_OP_regval_type || operation == DW_OP_GNU_regval_type) {
        number = bytes_uleb(&bytes);
        bytes_uleb(&bytes);
    } else {
        return -1;
    }
    return bytes.bad || bytes.at != bytes.end || number > INT32_MAX ? -1 : (int64_t)number;
}

static bool is_parameter_of(const struct dw_die *die, const struct expression *entry) {
    unsigned tag = dw_die_tag(die);
    struct dw_value value;
    const uint8_t *bytes;
    size_t size;
    if ((tag != DW_TAG_call_site_parameter && tag != DW_TAG_GNU_call_site_parameter) ||
        !dw_die_attribute(die, DW_AT_location, &value) || !dw_value_block(&value, &bytes, &size))
        return false;
    int64_t wanted = named_register(entry->bytes, entry->size);
    if (wanted >= 0)
        return named_register(bytes, size) == wanted;
    return size == entry->size && memcmp(bytes, entry->bytes, size) == 0;
}

static enum outcome evaluate(const struct activation *caller, const struct dw_die *parameter,
                             uint64_t *ret) {
    struct dw_value value;
    struct expression expression = {.unit = parameter->unit};
    if ((!dw_die_attribute(parameter, DW_AT_call_value, &value) &&
         !dw_die_attribute(parameter, DW_AT_GNU_call_site_value, &value)) ||
        !dw_value_block(&value, &expression.bytes, &expression.size))
        return OUTCOME_OPTIMIZED_OUT;
    return expression_number(caller, &expression, NULL, ret);
}

enum outcome callsite_entry_value(const struct activation *activation,
                                  const struct expression *entry, uint64_t *ret) {
    struct activation caller;
    struct dw_die site, parameter;
    if (activation->depth >= CALLERS_LIMIT || !activation_caller(activation, &caller) ||
        !find_site(&caller, caller.pc - caller.bias, &site) || !calls(&caller, &site, activation) ||
        !dw_die_child(&site, &parameter))
        return OUTCOME_OPTIMIZED_OUT;
    do {
        if (!activation_spend(activation, 1))
            return OUTCOME_NOT_CAPTURED;
        if (is_parameter_of(&parameter, entry))
            return evaluate(&caller, &parameter, ret);
    } while (dw_die_next_sibling(&parameter));
    return OUTCOME_OPTIMIZED_OUT;
}
