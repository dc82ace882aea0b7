/* SPDX-License-Identifier: MIT */
/* Compile units: which addresses they cover, their functions and lines, read on demand. */
#ifndef SYMBOLIZER_UNITS_H
#define SYMBOLIZER_UNITS_H

#include <elfutils/libdw.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct function_range {
    uint64_t low, high;
    Dwarf_Off die;
};

struct unit {
    Dwarf_Die die;  /* skeleton, if split: ranges and lines */
    Dwarf_Die body; /* where the functions are; the same if not split */
    bool has_body, has_ranges;
    enum { UNIT_UNREAD, UNIT_SHALLOW, UNIT_DEEP } state;
    struct function_range *functions; /* by low */
    uint64_t *reach;                  /* highest end of functions[0..i] */
    size_t n_functions;
    bool lines_read;
    Dwarf_Lines *lines;
    size_t n_lines;
};

struct unit_range {
    uint64_t low, high, reach; /* reach: highest end of ranges[0..this] */
    size_t unit;
};

struct units {
    Dwarf *dwarf;
    struct unit *units;
    size_t n_units;
    struct unit_range *ranges; /* by low */
    size_t n_ranges;
    size_t budget; /* of table entries; what a hostile file may make us keep */
};

/* 0 or -ENOMEM. */
int units_read(Dwarf *dwarf, struct units *ret);
void units_free(struct units *units);

/* Calls visit for each unit that may cover address, the likeliest first, until it returns true. */
bool units_at(struct units *units, uint64_t address,
              bool (*visit)(struct units *units, struct unit *unit, void *data), void *data);

/* The function of the unit that covers address, nested ones included. */
bool unit_function_at(struct units *units, struct unit *unit, uint64_t address, Dwarf_Die *ret,
                      uint64_t *entry);

/* Reads a DIE's sibling; false at the end, and where a broken file leads backwards. */
bool unit_next_sibling(Dwarf_Die *die);

#endif
