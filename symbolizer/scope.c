/* SPDX-License-Identifier: MIT */
#include "symbolizer/scope.h"

#include <dwarf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "symbolizer/units.h"

enum { DEPTH_LIMIT = 64, ORIGINS_LIMIT = 16, NAME_LIMIT = 4096 };

bool scope_language_is_plain(Dwarf_Die *die) {
    Dwarf_Die unit;
    if (!dwarf_diecu(die, &unit, NULL, NULL))
        return true;
    switch (dwarf_srclang(&unit)) {
    case DW_LANG_C_plus_plus:
    case DW_LANG_C_plus_plus_03:
    case DW_LANG_C_plus_plus_11:
    case DW_LANG_C_plus_plus_14:
    case DW_LANG_ObjC_plus_plus:
    case DW_LANG_D:
    case DW_LANG_Rust:
    case DW_LANG_Swift:
        return false;
    default:
        return true;
    }
}

/* Where the name is said: a concrete function refers to its abstract one, that to its declaration.
 */
static Dwarf_Die declaration_of(Dwarf_Die die) {
    for (size_t i = 0; i < ORIGINS_LIMIT; i++) {
        Dwarf_Attribute attribute;
        Dwarf_Die next;
        Dwarf_Attribute *found = dwarf_attr(&die, DW_AT_abstract_origin, &attribute);
        if (!found)
            found = dwarf_attr(&die, DW_AT_specification, &attribute);
        if (!found || !dwarf_formref_die(found, &next))
            break;
        die = next;
    }
    return die;
}

static const char *scope_name(Dwarf_Die *die) {
    const char *name = dwarf_diename(die);
    switch (dwarf_tag(die)) {
    case DW_TAG_namespace:
        return name ? name : "(anonymous namespace)";
    case DW_TAG_class_type:
    case DW_TAG_structure_type:
    case DW_TAG_union_type:
    case DW_TAG_enumeration_type:
    case DW_TAG_interface_type:
        /* Clang leaves the classes of lambdas without a name. */
        return name ? name : "<lambda>";
    case DW_TAG_subprogram: {
        Dwarf_Die declaration = declaration_of(*die);
        return dwarf_diename(&declaration);
    }
    default:
        return NULL;
    }
}

char *scope_qualified_name(Dwarf_Die *die) {
    Dwarf_Die target = declaration_of(*die), scope;
    const char *name = dwarf_diename(&target);
    if (!name || !dwarf_diecu(&target, &scope, NULL, NULL))
        return NULL;
    BASE_CLEANUP(free)
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return NULL;
    /* DIEs stand in pre-order: among siblings the last one that begins before the target, or at
     * it, holds it. */
    Dwarf_Off wanted = dwarf_dieoffset(&target);
    for (size_t depth = 0; depth < DEPTH_LIMIT && ftell(out) < NAME_LIMIT; depth++) {
        Dwarf_Die child, holder;
        if (dwarf_child(&scope, &child) != 0 || dwarf_dieoffset(&child) > wanted)
            break;
        do
            holder = child;
        while (unit_next_sibling(&child) && dwarf_dieoffset(&child) <= wanted);
        if (dwarf_dieoffset(&holder) == wanted)
            break;
        const char *part = scope_name(&holder);
        if (part)
            fprintf(out, "%s::", part);
        scope = holder;
    }
    fputs(name, out);
    if (fclose(out) != 0)
        return NULL;
    return TAKE_POINTER(text);
}
