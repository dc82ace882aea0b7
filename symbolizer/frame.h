/* SPDX-License-Identifier: MIT */
/* Frames and stacks: what the symbolizer gives. */
#ifndef SYMBOLIZER_FRAME_H
#define SYMBOLIZER_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How a frame was found. Scan results are guesses and are never presented as fact. */
enum frame_trust {
    FRAME_TRUST_CONTEXT, /* registers of the signal context */
    FRAME_TRUST_CFI,     /* call frame information */
    FRAME_TRUST_FP,      /* chain of frame pointers, what the function's own code does with the
                            stack, or the return address at sp of a call into nothing */
    FRAME_TRUST_SCAN,    /* a word of the stack that looks like a return address, or what follows
                            from one */
};

/* Lines of source around frame.line; lines[i] is line first + i, without its newline. */
struct frame_source {
    unsigned first;
    size_t n_lines;
    char **lines;
    bool newer; /* than the program: its lines may be others, and are not shown */
};

enum variable_state {
    VARIABLE_KNOWN,
    VARIABLE_OPTIMIZED_OUT, /* it has no value at this instruction */
    VARIABLE_NOT_CAPTURED,  /* it has one, in a register or memory that the snapshot lacks */
};

/* An argument or a local variable. name and value are never NULL; value says it where the state is
 * not VARIABLE_KNOWN, too. */
struct variable {
    char *name;
    char *type; /* NULL if unknown */
    char *value;
    bool argument;
    enum variable_state state;
};

/* Strings are NULL where unknown. Everything is owned by the stack. */
struct frame {
    uint64_t pc; /* interrupted instruction, or return address; the same for the inlined frames of
                    one pc */
    uint64_t lookup; /* address of an instruction inside of the call: pc for an interrupted frame,
                        else pc - 1 */
    enum frame_trust trust;
    bool interrupted; /* pc is exact: newest frame, or the one that a signal handler interrupted */
    bool trampoline;  /* the kernel's or libc's signal return code */
    bool after_gap;   /* the stack between the next newer frame and this one was not captured */
    bool tail_call;   /* ended by jumping to the next newer frame's function; debug information says
                         so, the stack has nothing of it */
    bool inlined;     /* was expanded inside of the next frame, its caller */
    int module;       /* index in snapshot.modules, -1 if pc lies in none */
    uint64_t offset;  /* lookup minus the module's load bias */

    char *function; /* SENTRY.md 2.3 and 2.8: demangled, no parameters, no return type, templates as
                       <T>, no clone suffix, no version: stable over builds */
    char *raw_function;      /* demangled with everything */
    char *symbol;            /* mangled; NULL if it equals raw_function */
    uint64_t symbol_address; /* start of the physical function, 0 if unknown */
    bool symbol_only;        /* from an ELF symbol table: no file and line were to be had */

    char *
        path; /* source file, absolute where DW_AT_comp_dir allows, "." and ".." resolved by text */
    char *found;                          /* where that file was on this machine, if not at path */
    char *comp_dir;                       /* of its compilation unit */
    unsigned line, column, discriminator; /* 0 if unknown */
    struct frame_source source;           /* n_lines 0 if not readable */

    struct variable *variables; /* arguments first, then locals, those of inner blocks first: of two
                                   with one name the first hides the second */
    size_t n_variables;
};

struct stack {
    struct frame *frames; /* newest first, inlined frames before the one that contains them */
    size_t n_frames;
    bool complete; /* the walk ended where the thread began, not where it ran out of information */
    uint64_t skipped;      /* frames left out between the newest and the oldest because of the
                              limit */
    size_t skipped_before; /* index of the first of the oldest then */
    const char *ended;     /* why the walk ended, a static text for people */
};

struct stack stack_free(struct stack *stack);

#endif
