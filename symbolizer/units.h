/* SPDX-License-Identifier: MIT */
/* Compile units: which addresses they cover, their functions and lines, read on demand. */
#ifndef SYMBOLIZER_UNITS_H
#define SYMBOLIZER_UNITS_H

#include "symbolizer/dwarf/die.h"
#include "symbolizer/dwarf/lines.h"

struct function_range {
    uint64_t low, high;
    uint64_t die; /* offset in the body's section */
    bool nested;  /* not in namespaces alone */
};

struct unit {
    struct dw_unit *unit; /* ranges and lines */
    struct dw_unit *body; /* where the functions are; the same if it is not split */
    bool has_ranges;
    enum { UNIT_UNREAD, UNIT_SHALLOW, UNIT_DEEP } state;
    struct function_range *functions; /* by low */
    uint64_t *reach;                  /* highest end of functions[0..i] */
    size_t n_functions;
    bool lines_tried;
    struct dw_lines *lines;
};

struct unit_range {
    uint64_t low, high, reach; /* reach: highest end of ranges[0..this] */
    size_t unit;
};

struct units {
    struct unit *units;
    size_t n_units;
    struct unit_range *ranges; /* by low */
    size_t n_ranges;
    size_t budget; /* of table entries; what a hostile file may make us keep */
};

/* 0 or -ENOMEM. */
int units_read(struct dw_info *info, struct units *ret);
void units_free(struct units *units);

/* Calls visit for each unit that may cover address, the likeliest first, until it returns true. */
bool units_at(struct units *units, uint64_t address,
              bool (*visit)(struct units *units, struct unit *unit, void *data), void *data);

/* Reads all functions of the unit at once, nested ones, too. */
void unit_read_functions(struct units *units, struct unit *unit);

/* The function of the unit that covers address, nested ones included. */
bool unit_function_at(struct units *units, struct unit *unit, uint64_t address, struct dw_die *ret,
                      uint64_t *entry);

/* NULL if there is none. */
struct dw_lines *unit_lines(struct unit *unit);

#endif
