/* SPDX-License-Identifier: MIT */
/*
 * Address -> function, chain of inlined calls, line, by tables over symbolizer/dwarf/.
 * Units are read when an address falls into them. Addresses are those of the file (p_vaddr).
 */
#ifndef SYMBOLIZER_FUNCTIONS_H
#define SYMBOLIZER_FUNCTIONS_H

#include "symbolizer/dwarf/die.h"
#include "symbolizer/dwarf/lines.h"

enum { CODE_CHAIN_LIMIT = 129 };

/* Texts belong to struct functions unless said otherwise; NULL if unknown. */
struct code_frame {
    const char *name;         /* DW_AT_name */
    const char *linkage_name; /* mangled */
    char *qualified;          /* of the chain: "ns::Class::name", where there is no linkage_name */
    bool plain;               /* of a language without mangling: name is the symbol */
    uint64_t id;              /* the same for each lookup that ends in this function or call */
    uint64_t low;             /* start of its first range */
    const char *file;
    unsigned line, column, discriminator;
};

struct code_chain {
    size_t n; /* innermost inlined function first, the physical one last */
    struct code_frame frames[CODE_CHAIN_LIMIT];
    bool has_function; /* else n is 1 and only the line is known */
    uint64_t entry;    /* lowest address of the physical function's range that holds its entry */
    const char *comp_dir;
};

struct functions;

/* 0 or -ENOMEM. info must outlive the result. */
int functions_new(struct dw_info *info, struct functions **ret);
struct functions *functions_free(struct functions *functions);

/* False if no unit knows the address. The chain is to be freed in any case. */
bool functions_lookup(struct functions *functions, uint64_t address, enum dw_row_choice choice,
                      struct code_chain *ret);
void code_chain_free(struct code_chain *chain);

/* The entry of the function that covers address. */
bool functions_die(struct functions *functions, uint64_t address, struct dw_die *ret);

#endif
