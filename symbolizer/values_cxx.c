/* SPDX-License-Identifier: MIT */
/* Which class of libstdc++ an object is of. */
#include "symbolizer/values_cxx.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

enum { NAME_MAX_BYTES = 1024, BASES_LIMIT = 16 };

static const struct {
    const char *name;
    value_class print;
} CLASSES[] = {
    {"atomic", std_atomic},
    {"basic_string", std_string},
    {"basic_string_view", std_string_view},
    {"deque", std_deque},
    {"forward_list", std_forward_list},
    {"initializer_list", std_initializer_list},
    {"list", std_list},
    {"map", std_tree},
    {"multimap", std_tree},
    {"multiset", std_tree},
    {"optional", std_optional},
    {"pair", std_pair},
    {"path", std_path},
    {"priority_queue", std_adapter},
    {"queue", std_adapter},
    {"set", std_tree},
    {"shared_ptr", std_shared_pointer},
    {"span", std_span},
    {"stack", std_adapter},
    {"tuple", std_tuple},
    {"unique_ptr", std_unique_pointer},
    {"unordered_map", std_hash},
    {"unordered_multimap", std_hash},
    {"unordered_multiset", std_hash},
    {"unordered_set", std_hash},
    {"variant", std_variant},
    {"vector", std_vector},
    {"weak_ptr", std_shared_pointer},
    {"__normal_iterator", std_iterator},
};

static value_class find_class(const char *name) {
    size_t length = strcspn(name, "<");
    for (size_t i = 0; i < sizeof(CLASSES) / sizeof(*CLASSES); i++)
        if (strlen(CLASSES[i].name) == length && strncmp(CLASSES[i].name, name, length) == 0)
            return CLASSES[i].print;
    return NULL;
}

bool value_library_cxx(struct printer *printer, const struct object *object) {
    struct dw_die type;
    char name[NAME_MAX_BYTES];
    if (!printer_is_cxx(printer) || printer->depth > PRINTER_DEPTH ||
        !type_strip(&object->type, &type) || !type_is_structure(&type))
        return false;
    const char *plain = dw_die_string(&type, DW_AT_name);
    value_class print = plain ? find_class(plain) : NULL;
    if (!print)
        return false;
    type_name(&type, name, sizeof(name));
    name[strcspn(name, "<")] = '\0';
    if (!text_starts_with(name, "std::") && !text_starts_with(name, "__gnu_cxx::"))
        return false;
    printer->depth++;
    bool printed = print(printer, object, name);
    printer->depth--;
    return printed;
}

/* to is not longer than from. */
static void replace(char *buffer, const char *from, const char *to) {
    size_t removed = strlen(from), added = strlen(to);
    for (char *at = buffer; (at = strstr(at, from)); at += added) {
        memmove(at + added, at + removed, strlen(at + removed) + 1);
        for (size_t i = 0; i < added; i++)
            at[i] = to[i];
    }
}

void value_type_name(const struct dw_die *type, char *buffer, size_t size) {
    static const char *const NAMES[][2] = {
        {"long long unsigned int", "unsigned long long"},
        {"long unsigned int", "unsigned long"},
        {"short unsigned int", "unsigned short"},
        {"long long int", "long long"},
        {"long int", "long"},
        {"short int", "short"},
    };
    type_name(type, buffer, size);
    for (size_t i = 0; i < sizeof(NAMES) / sizeof(*NAMES); i++)
        replace(buffer, NAMES[i][0], NAMES[i][1]);
}

struct object value_at(const struct dw_die *type, uint64_t address, struct place *place) {
    *place = place_in_memory(address);
    return (struct object){.type = *type, .place = place};
}

bool value_base_named(const struct printer *printer, const struct object *object,
                      const char *prefix, struct object *ret) {
    struct dw_die type, child;
    struct member member;
    if (!type_strip(&object->type, &type) || !dw_die_child(&type, &child))
        return false;
    while (child.abbrev && type_next_member(printer->activation, &child, NULL, &member)) {
        struct dw_die base;
        const char *name;
        if (!member.is_base || !type_strip(&member.type, &base) ||
            !(name = dw_die_string(&base, DW_AT_name)) || !text_starts_with(name, prefix))
            continue;
        *ret = (struct object){
            .type = member.type, .place = object->place, .bit = object->bit + member.bit};
        return true;
    }
    return false;
}
