/* SPDX-License-Identifier: MIT */
/* Objects of any type; structures and unions by their members. */
#include "symbolizer/values.h"

#include <inttypes.h>
#include <string.h>

#include "symbolizer/dwarf/value.h"
#include "symbolizer/objects.h"
#include "symbolizer/values_cxx.h"

bool value_number(const struct printer *printer, const struct object *object, uint64_t *ret) {
    uint64_t bits = object->bits ? object->bits : type_size(printer->activation, &object->type) * 8;
    return printer_number(printer, object->place, object->bit, bits, ret) == OUTCOME_OK;
}

bool value_member(const struct printer *printer, const struct object *object, const char *name,
                  struct object *ret) {
    struct member member;
    if (!type_member(printer->activation, &object->type, name, &member))
        return false;
    *ret = (struct object){.type = member.type,
                           .place = object->place,
                           .bit = object->bit + member.bit,
                           .bits = member.bits};
    return true;
}

bool value_member_number(const struct printer *printer, const struct object *object,
                         const char *path, uint64_t *ret) {
    struct object at = *object;
    char name[64];
    while (*path) {
        size_t length = strcspn(path, ".");
        if (length >= sizeof(name))
            return false;
        memcpy(name, path, length);
        name[length] = '\0';
        if (!value_member(printer, &at, name, &at))
            return false;
        path += length + (path[length] == '.');
    }
    return value_number(printer, &at, ret);
}

/* Is nothing of it to be had, for one reason? */
static enum outcome whole_outcome(const struct printer *printer, const struct object *object,
                                  uint64_t size) {
    uint8_t byte;
    enum outcome first = place_read(printer->activation, object->place, object->bit, 8, &byte);
    if (first == OUTCOME_OK || size == 0)
        return OUTCOME_OK;
    for (size_t i = 0; i < object->place->n; i++) {
        const struct piece *piece = &object->place->pieces[i];
        bool nowhere = piece->kind == PIECE_NOWHERE;
        if (object->place->n > 1 && nowhere != (first == OUTCOME_OPTIMIZED_OUT))
            return OUTCOME_OK;
    }
    enum outcome last =
        place_read(printer->activation, object->place, object->bit + (size - 1) * 8, 8, &byte);
    return last == first ? first : OUTCOME_OK;
}

/* A constant of the class, or a variable of its own. */
static void static_member(struct printer *printer, const struct member *member) {
    struct dw_value value;
    struct place place;
    uint64_t number, address;
    const char *name = dw_die_string(&member->die, DW_AT_linkage_name);
    if (dw_die_attribute(&member->die, DW_AT_const_value, &value)) {
        if (dw_value_block(&value, &value.block, &value.size)) {
            place = place_of_bytes(value.block, value.size);
        } else {
            int64_t widened;
            number = dw_value_signed(&value, &widened) ? (uint64_t)widened : 0;
            place = place_of_bytes((const uint8_t *)&number, sizeof(number));
        }
        value_print(printer, &(struct object){.type = member->type, .place = &place});
        return;
    }
    const struct activation *activation = printer->activation;
    int module = walk_module_at(activation->walk, activation->bias + activation->address);
    const struct objects *objects =
        name && module >= 0 ? walk_objects(activation->walk, (size_t)module) : NULL;
    if (!objects || !objects_named(objects, name, &address)) {
        printer_outcome(printer, OUTCOME_OPTIMIZED_OUT);
        return;
    }
    place = place_in_memory(address + activation->bias);
    value_print(printer, &(struct object){.type = member->type, .place = &place});
}

static bool is_table_pointer(const struct member *member) {
    return member->name && strncmp(member->name, "_vptr", 5) == 0;
}

static bool is_shown(struct printer *printer, const struct member *member) {
    struct dw_die type;
    if (!member->is_virtual || !type_strip(&member->type, &type))
        return false;
    for (size_t i = printer->first_virtual_base; i < printer->n_virtual_bases; i++)
        if (printer->virtual_bases[i].unit == type.unit &&
            printer->virtual_bases[i].offset == type.offset)
            return true;
    if (printer->n_virtual_bases < PRINTER_VIRTUAL_BASES) {
        printer->virtual_bases[printer->n_virtual_bases].unit = type.unit;
        printer->virtual_bases[printer->n_virtual_bases++].offset = type.offset;
    }
    return false;
}

static bool is_declared_only(const struct dw_die *type) {
    struct dw_die stripped;
    return type_strip(type, &stripped) && dw_die_flag(&stripped, DW_AT_declaration);
}

static void print_member(struct printer *printer, const struct object *object,
                         const struct member *member) {
    char name[256];
    struct object at = {.type = member->type,
                        .place = object->place,
                        .bit = object->bit + member->bit,
                        .bits = member->bits};
    if (member->is_base) {
        value_type_name(&member->type, name, sizeof(name));
        printer_format(printer, "<%s> = ", name);
    } else if (member->is_static) {
        printer_format(printer, "static %.200s = ", member->name ? member->name : "");
    } else if (member->name) {
        printer_format(printer, "%.200s%s", member->name, printer_is_rust(printer) ? ": " : " = ");
    }
    if (member->name && printer->is_secret && printer->is_secret(member->name))
        printer_add(printer, PRINTER_HIDDEN);
    else if (member->is_static)
        static_member(printer, member);
    else if (is_table_pointer(member))
        value_pointer(printer, &at);
    else if (member->is_base && is_declared_only(&member->type))
        printer_add(printer, "{<No data fields>}");
    else {
        printer->in_base = member->is_base;
        value_print(printer, &at);
    }
}

void value_structure(struct printer *printer, const struct object *object) {
    struct dw_die type, child;
    struct member member;
    uint64_t address;
    bool any = false, own = false,
         has_address = place_address(object->place, object->bit, &address);
    if (!type_strip(&object->type, &type))
        return;
    if (dw_die_flag(&type, DW_AT_declaration)) {
        printer_add(printer, "<incomplete type>");
        return;
    }
    printer_add(printer, "{");
    if (!dw_die_child(&type, &child))
        child.abbrev = NULL;
    while (child.abbrev && !printer->full &&
           type_next_member(printer->activation, &child, has_address ? &address : NULL, &member)) {
        if (is_shown(printer, &member))
            continue;
        if (any)
            printer_add(printer, ", ");
        print_member(printer, object, &member);
        any = true;
        own |= !member.is_base;
    }
    if (!own && !printer_is_rust(printer))
        printer_format(printer, "%s<No data fields>", any ? ", " : "");
    printer_add(printer, "}");
}

static void print_parts(struct printer *printer, const struct object *object,
                        const struct dw_die *type) {
    enum outcome outcome = whole_outcome(printer, object, type_size(printer->activation, type));
    if (outcome != OUTCOME_OK) {
        printer->in_base = false;
        printer_outcome(printer, outcome);
        return;
    }
    if (printer->depth >= PRINTER_DEPTH) {
        printer_add(printer, "{...}");
        return;
    }
    size_t first = printer->first_virtual_base, n = printer->n_virtual_bases;
    bool in_base = printer->in_base;
    printer->in_base = false;
    if (!in_base)
        printer->first_virtual_base = n;
    printer->depth++;
    if (dw_die_tag(type) == DW_TAG_array_type)
        value_array(printer, object);
    else if (!value_rust(printer, object) && !value_library_cxx(printer, object))
        value_structure(printer, object);
    printer->depth--;
    if (!in_base) {
        printer->first_virtual_base = first;
        printer->n_virtual_bases = n;
    }
}

/* "&Point::y" */
static bool add_member_at(struct printer *printer, const struct dw_die *class, uint64_t offset) {
    struct dw_die child;
    struct member member;
    char name[256];
    if (!dw_die_child(class, &child))
        return false;
    while (child.abbrev && type_next_member(printer->activation, &child, NULL, &member)) {
        if (member.is_static || member.is_base || !member.name || member.bit != offset * 8)
            continue;
        value_type_name(class, name, sizeof(name));
        printer_format(printer, "&%s::%.200s", name, member.name);
        return true;
    }
    return false;
}

/* Two words: where the function is, or twice its place in the table of virtual ones plus one; and
 * what to add to `this`. */
static void add_method(struct printer *printer, const struct object *object,
                       const struct dw_die *type, uint64_t number) {
    char name[512];
    uint64_t adjustment;
    if (number == 0) {
        printer_add(printer, "NULL");
        return;
    }
    if (number & 1) {
        printer_format(printer, "&virtual table offset %" PRIu64, number - 1);
    } else {
        value_type_name(type, name, sizeof(name));
        printer_format(printer, "(%.400s) 0x%" PRIx64, name, number);
        value_symbol(printer, number);
    }
    if (printer_number(printer, object->place, object->bit + 64, 64, &adjustment) == OUTCOME_OK &&
        adjustment != 0)
        printer_format(printer, ", this adjustment %" PRId64, (int64_t)adjustment);
}

static void print_member_pointer(struct printer *printer, const struct object *object,
                                 const struct dw_die *type) {
    struct dw_die class, target;
    uint64_t number;
    bool function = type_target(type, &target) && dw_die_tag(&target) == DW_TAG_subroutine_type;
    enum outcome outcome = printer_number(printer, object->place, object->bit, 64, &number);
    if (outcome != OUTCOME_OK) {
        printer_outcome(printer, outcome);
    } else if (function) {
        add_method(printer, object, type, number);
    } else if (number == UINT64_MAX) {
        printer_add(printer, "NULL");
    } else if (!dw_die_reference(type, DW_AT_containing_type, &class) ||
               !type_strip(&class, &class) || !add_member_at(printer, &class, number)) {
        printer_format(printer, "%" PRId64, (int64_t)number);
    }
}

/* "{int (int)} 0x1234 <f(int)>" */
static void print_function(struct printer *printer, const struct object *object,
                           const struct dw_die *type) {
    char name[256];
    uint64_t address;
    if (!place_address(object->place, object->bit, &address)) {
        printer_outcome(printer, OUTCOME_OPTIMIZED_OUT);
        return;
    }
    value_type_name(type, name, sizeof(name));
    printer_format(printer, "{%s} 0x%" PRIx64, name, address);
    value_symbol(printer, address);
}

void value_print(struct printer *printer, const struct object *object) {
    struct dw_die type;
    if (printer->full)
        return;
    if (!activation_spend(printer->activation, 1) || !type_strip(&object->type, &type)) {
        printer_add(printer, "void");
        return;
    }
    switch (dw_die_tag(&type)) {
    case DW_TAG_enumeration_type:
        value_enumeration(printer, object);
        break;
    case DW_TAG_pointer_type:
        value_pointer(printer, object);
        break;
    case DW_TAG_reference_type:
    case DW_TAG_rvalue_reference_type:
        value_reference(printer, object);
        break;
    case DW_TAG_array_type:
    case DW_TAG_structure_type:
    case DW_TAG_class_type:
    case DW_TAG_union_type:
    case DW_TAG_interface_type:
        print_parts(printer, object, &type);
        break;
    case DW_TAG_subroutine_type:
        print_function(printer, object, &type);
        break;
    case DW_TAG_ptr_to_member_type:
        print_member_pointer(printer, object, &type);
        break;
    default:
        value_base(printer, object);
    }
}
