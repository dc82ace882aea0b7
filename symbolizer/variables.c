/* SPDX-License-Identifier: MIT */
#include "symbolizer/variables.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "symbolizer/dwarf/ranges.h"
#include "symbolizer/dwarf/value.h"
#include "symbolizer/expression.h"
#include "symbolizer/values.h"

enum { SCOPES_LIMIT = 128, VARIABLES_LIMIT = 256, NAME_LIMIT = 512, CONSTANT_BYTES = 16 };

/* The scopes of a function that hold an address, outermost first. */
struct scopes {
    struct dw_die dies[SCOPES_LIMIT];
    size_t n;
};

static bool is_scope(unsigned tag) {
    return tag == DW_TAG_inlined_subroutine || tag == DW_TAG_lexical_block ||
           tag == DW_TAG_try_block || tag == DW_TAG_catch_block;
}

static void find_scopes(const struct activation *activation, struct scopes *ret) {
    struct dw_die child;
    ret->n = 0;
    ret->dies[ret->n++] = activation->function;
    while (ret->n < SCOPES_LIMIT && dw_die_child(&ret->dies[ret->n - 1], &child)) {
        bool found;
        do {
            if (!activation_spend(activation, 1))
                return;
            found = is_scope(dw_die_tag(&child)) && dw_die_covers(&child, activation->address);
        } while (!found && dw_die_next_sibling(&child));
        if (!found)
            return;
        ret->dies[ret->n++] = child;
    }
}

/* Those of the n-th frame from the outermost one on: [*first, *end). */
static bool scopes_of_frame(const struct scopes *scopes, size_t n, size_t *first, size_t *end) {
    size_t at = 0;
    for (; n > 0; n--)
        do
            if (++at >= scopes->n)
                return false;
        while (dw_die_tag(&scopes->dies[at]) != DW_TAG_inlined_subroutine);
    *first = at;
    for (at++; at < scopes->n && dw_die_tag(&scopes->dies[at]) != DW_TAG_inlined_subroutine; at++)
        continue;
    *end = at;
    return true;
}

struct reader {
    struct activation activation;
    struct frame *frame;
    size_t allocated;
    bool arguments; /* which of the two kinds is being read */
    struct printer printer;
};

static struct variable *add(struct reader *reader) {
    struct frame *frame = reader->frame;
    if (frame->n_variables == reader->allocated) {
        size_t n = reader->allocated ? reader->allocated * 2 : 8;
        struct variable *grown = reallocarray(frame->variables, n, sizeof(*grown));
        if (!grown)
            return NULL;
        frame->variables = grown;
        reader->allocated = n;
    }
    return &frame->variables[frame->n_variables];
}

/* bytes: what a constant that is shorter than its type is copied to. */
static enum outcome constant_place(const struct dw_value *value, uint8_t bytes[CONSTANT_BYTES],
                                   struct place *ret) {
    int64_t widened;
    const char *text = dw_value_string(value);
    memset(bytes, 0, CONSTANT_BYTES);
    if (text) {
        *ret = place_of_bytes((const uint8_t *)text, strlen(text) + 1);
    } else if (value->block && value->size >= CONSTANT_BYTES) {
        *ret = place_of_bytes(value->block, value->size);
    } else if (value->block) {
        memcpy(bytes, value->block, value->size);
        *ret = place_of_bytes(bytes, CONSTANT_BYTES);
    } else if (dw_value_signed(value, &widened)) {
        memcpy(bytes, &widened, sizeof(widened));
        memset(bytes + sizeof(widened), widened < 0 ? 0xff : 0, CONSTANT_BYTES - sizeof(widened));
        *ret = place_of_bytes(bytes, CONSTANT_BYTES);
    } else {
        return OUTCOME_NOT_CAPTURED;
    }
    return OUTCOME_OK;
}

static bool has_no_size(const struct reader *reader, const struct dw_die *type) {
    struct dw_die stripped;
    return (printer_is_rust(&reader->printer) ||
            (type_strip(type, &stripped) && type_is_structure(&stripped) &&
             !dw_die_flag(&stripped, DW_AT_declaration))) &&
           type_size(&reader->activation, type) == 0;
}

static void print(struct reader *reader, const struct dw_die *die) {
    struct printer *printer = &reader->printer;
    struct dw_value value;
    struct dw_die type;
    struct place place;
    uint8_t bytes[CONSTANT_BYTES];
    enum outcome outcome;
    *printer = (struct printer){.activation = &reader->activation,
                                .is_secret = reader->activation.walk->variables.is_secret,
                                .language = dw_unit_language(die->unit)};
    if (!dw_die_attribute(die, DW_AT_location, &value) &&
        dw_die_inherited(die, DW_AT_const_value, &value))
        outcome = constant_place(&value, bytes, &place);
    else
        outcome = expression_attribute(&reader->activation, die, DW_AT_location, &place);
    bool typed = type_of(die, &type);
    /* What has no size needs no place. */
    if (outcome == OUTCOME_OPTIMIZED_OUT && typed && has_no_size(reader, &type)) {
        place = place_of_bytes(NULL, 0);
        outcome = OUTCOME_OK;
    }
    if (outcome != OUTCOME_OK)
        printer_outcome(printer, outcome);
    else if (typed)
        value_print(printer, &(struct object){.type = type, .place = &place});
    else
        printer_add(printer, "void");
}

static enum variable_state state_of(const char *text) {
    if (strcmp(text, "<optimized out>") == 0)
        return VARIABLE_OPTIMIZED_OUT;
    return strcmp(text, "<not captured>") == 0 ? VARIABLE_NOT_CAPTURED : VARIABLE_KNOWN;
}

static int read_one(struct reader *reader, const struct dw_die *die) {
    const char *name = dw_die_inherited_string(die, DW_AT_name);
    struct dw_die type;
    char type_text[NAME_LIMIT] = "";
    if (!name || reader->frame->n_variables >= VARIABLES_LIMIT)
        return 0;
    struct variable *variable = add(reader);
    if (!variable)
        return -ENOMEM;
    print(reader, die);
    if (type_of(die, &type))
        type_name(&type, type_text, sizeof(type_text));
    *variable = (struct variable){
        .name = strndup(name, NAME_LIMIT),
        .type = type_text[0] ? strdup(type_text) : NULL,
        .value = strdup(reader->printer.text),
        .argument = reader->arguments,
        .state = state_of(reader->printer.text),
    };
    if (variable->name && variable->value) {
        reader->frame->n_variables++;
        return 0;
    }
    free(variable->name);
    free(variable->type);
    free(variable->value);
    return -ENOMEM;
}

/* A mere declaration is of a variable that is elsewhere. */
static bool is_wanted(const struct reader *reader, const struct dw_die *die) {
    unsigned tag = dw_die_tag(die);
    if (reader->arguments)
        return tag == DW_TAG_formal_parameter;
    return tag == DW_TAG_variable && !dw_die_flag(die, DW_AT_declaration);
}

/* Does a child of scope stand for what is said of it in the scope's origin? */
static bool is_instance_of(const struct activation *activation, const struct dw_die *scope,
                           const struct dw_die *said) {
    struct dw_die child, origin;
    if (!dw_die_child(scope, &child))
        return false;
    do {
        if (!activation_spend(activation, 1))
            return true;
        if (dw_die_reference(&child, DW_AT_abstract_origin, &origin) && origin.unit == said->unit &&
            origin.offset == said->offset)
            return true;
    } while (dw_die_next_sibling(&child));
    return false;
}

/* Of what was optimized out altogether only the origin knows. */
static int read_forgotten(struct reader *reader, const struct dw_die *scope) {
    struct dw_die origin, child;
    int r = 0;
    if (!dw_die_reference(scope, DW_AT_abstract_origin, &origin) || !dw_die_child(&origin, &child))
        return 0;
    do {
        if (!activation_spend(&reader->activation, 1))
            return 0;
        if (is_wanted(reader, &child) && !is_instance_of(&reader->activation, scope, &child))
            r = read_one(reader, &child);
    } while (r == 0 && dw_die_next_sibling(&child));
    return r;
}

static int read_scope(struct reader *reader, const struct dw_die *scope) {
    struct dw_die child;
    int r = 0;
    if (dw_die_child(scope, &child))
        do {
            if (!activation_spend(&reader->activation, 1))
                return 0;
            if (is_wanted(reader, &child))
                r = read_one(reader, &child);
        } while (r == 0 && dw_die_next_sibling(&child));
    return r < 0 ? r : read_forgotten(reader, scope);
}

static int read_frame(struct reader *reader, const struct scopes *scopes, size_t first,
                      size_t end) {
    int r;
    reader->allocated = 0;
    reader->arguments = true;
    r = read_scope(reader, &scopes->dies[first]);
    reader->arguments = false;
    for (size_t i = end; i-- > first && r == 0;)
        r = read_scope(reader, &scopes->dies[i]);
    return r;
}

int variables_read(struct walk *walk, const struct unwound_stack *stack, size_t index,
                   struct frame *frames, size_t n) {
    const struct variable_policy *policy = &walk->variables;
    struct reader reader;
    struct scopes scopes;
    bool ready = false;
    int r = 0;
    for (size_t i = 0; i < n && r == 0; i++) {
        size_t first, end;
        if (!policy->wants || !policy->wants(&frames[i], policy->data) ||
            frames[i].trust == FRAME_TRUST_SCAN)
            continue;
        if (!ready) {
            if (!activation_of(walk, stack, index, &reader.activation))
                return 0;
            find_scopes(&reader.activation, &scopes);
            ready = true;
        }
        reader.frame = &frames[i];
        if (scopes_of_frame(&scopes, n - 1 - i, &first, &end))
            r = read_frame(&reader, &scopes, first, end);
    }
    return r;
}

int variables_of_jump(struct walk *walk, const struct unwound_stack *stack, size_t index,
                      const struct tailcalls *jumps, size_t jump, struct frame *frame) {
    const struct variable_policy *policy = &walk->variables;
    struct reader reader = {.frame = frame};
    struct scopes scopes;
    size_t first;
    if (!policy->wants(frame, policy->data) ||
        !activation_of_jump(walk, stack, index, jumps, jump, &reader.activation))
        return 0;
    find_scopes(&reader.activation, &scopes);
    for (first = scopes.n - 1;
         first > 0 && dw_die_tag(&scopes.dies[first]) != DW_TAG_inlined_subroutine;)
        first--;
    return read_frame(&reader, &scopes, first, scopes.n);
}
