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
    const char *name;         /* DW_AT_name; may be NULL where linkage_name is a mangled one */
    const char *linkage_name; /* mangled */
    const char *qualified;    /* "ns::Class::name", where there is no linkage_name */
    const char *full; /* linkage_name demangled, or as it is if it is not mangled; NULL if not
                         yet known */
    bool plain;       /* of a language without mangling: name is the symbol */
    uint64_t id;      /* the same for each lookup that ends in this function or call */
    uint64_t low;     /* start of its first range */
    const char *file;
    unsigned line, column, discriminator;
};

struct code_chain {
    size_t n; /* innermost inlined function first, the physical one last */
    struct code_frame frames[CODE_CHAIN_LIMIT];
    bool has_function; /* else n is 1 and only the line is known */
    uint64_t entry;    /* lowest address of the physical function's range that holds its entry */
    const char *comp_dir;
    bool owns_qualified;
};

struct functions;

enum { FUNCTION_BLOCKS_LIMIT = 256 }; /* between a call and the one that it was inlined into */

struct index;

/* Debug information that is opened when it is needed; NULL if there is none. */
struct functions_source {
    struct dw_info *(*open)(void *data);
    void (*damaged)(void *data); /* told once: the index is, and is not used any more */
    void *data;
};

/* 0 or -ENOMEM. info must outlive the result. */
int functions_new(struct dw_info *info, struct functions **ret);
/* index is taken over, also in case of failure. Lookups that it answers do not open the debug
 * information; all others do, and if the index is damaged. */
int functions_new_indexed(struct index *index, struct functions_source source,
                          struct functions **ret);
/* Whether an index answers, and is not damaged. */
bool functions_indexed(const struct functions *functions);
/* For who shows names to people alone: linkage_name may be what full is, which is a text less to
 * read. */
void functions_want_readable(struct functions *functions);
struct functions *functions_free(struct functions *functions);

/* False if no unit knows the address. The chain is to be freed in any case. */
bool functions_lookup(struct functions *functions, uint64_t address, enum dw_row_choice choice,
                      struct code_chain *ret);
void code_chain_free(struct code_chain *chain);

/* The entry of the function that covers address. */
bool functions_die(struct functions *functions, uint64_t address, struct dw_die *ret);

/*
 * What a lookup makes of single entries.
 */
static inline bool function_is_block(unsigned tag) {
    return tag == DW_TAG_lexical_block || tag == DW_TAG_try_block || tag == DW_TAG_catch_block;
}

/* Sets all names of frame, whose plain must be known; qualified is malloc'ed. */
void function_name(const struct dw_die *die, struct code_frame *frame);

struct function_call {
    unsigned file, line, column; /* file: as dw_lines_file numbers it */
};

struct function_call function_call_site(const struct dw_die *inlined);

#endif
