/* SPDX-License-Identifier: MIT */
#include "symbolizer/scope.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

enum { DEPTH_LIMIT = 64, NAME_LIMIT = 4096 };

bool scope_language_is_plain(struct dw_unit *unit) {
    switch (dw_unit_language(unit)) {
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

static const char *scope_name(const struct dw_die *die) {
    const char *name = dw_die_string(die, DW_AT_name);
    switch (dw_die_tag(die)) {
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
        struct dw_die declaration = dw_die_declaration(*die);
        return dw_die_string(&declaration, DW_AT_name);
    }
    default:
        return NULL;
    }
}

/* The outermost entry is the unit's; no more than its language is known of it. */
char *scope_qualified_name(const struct dw_die *die) {
    struct dw_die target = dw_die_declaration(*die), scope;
    const char *name = dw_die_string(&target, DW_AT_name);
    if (!name || !dw_unit_root(target.unit, &scope))
        return NULL;
    BASE_CLEANUP(free)
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return NULL;
    /* Entries stand in pre-order: among siblings the last one that begins before the target, or at
     * it, holds it. */
    for (size_t depth = 0; depth < DEPTH_LIMIT && ftell(out) < NAME_LIMIT; depth++) {
        struct dw_die child, holder;
        if (!dw_die_child(&scope, &child) || child.offset > target.offset)
            break;
        do
            holder = child;
        while (dw_die_next_sibling(&child) && child.offset <= target.offset);
        if (holder.offset == target.offset)
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
