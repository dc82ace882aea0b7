/* SPDX-License-Identifier: MIT */
/*
 * All tables of functions and sequences of rows are read first, and where any of them begins or
 * ends the address space is cut. Inside of each part one unit, one function and one sequence answer
 * for all addresses, those that a lookup would find; calls and rows are read for one part at a
 * time.
 */
#include "symbolizer/index/build.h"

#include <errno.h>
#include <stdlib.h>

#include "base/grow.h"
#include "symbolizer/functions.h"
#include "symbolizer/index/names.h"
#include "symbolizer/index/piece.h"
#include "symbolizer/index/scopes.h"
#include "symbolizer/index/writer.h"
#include "symbolizer/scope.h"
#include "symbolizer/units.h"

/* Bytes between two parts that are not worth a new piece. */
enum { GAP_LIMIT = 1 << 16, BOUNDS_LIMIT = 32 << 20, RECENT_FILES = 64 };

/* Steps through entries; the largest programs need a tenth of it. */
static const size_t BUDGET = (size_t)1 << 30;

static const uint64_t SIZE_LIMIT = UINT64_C(4) << 30;

struct build {
    struct units units;
    uint64_t *bounds;
    size_t n_bounds;
    struct index_texts texts;
    struct index_names names;
    struct index_scopes scopes;
    struct index_piece piece;
    struct index_writer writer;
    struct buffer lows, offsets, out;
    uint64_t base;
    size_t budget;
    struct unit *unit;      /* of the piece */
    bool plain;             /* struct code_frame's, in that unit */
    struct index_map files; /* texts by unit and number */
    struct {
        uint64_t number;
        uint32_t text;            /* plus 1 */
    } recent_files[RECENT_FILES]; /* of unit, by number */
    int error;
};

/* Who answers for the addresses of a part. */
struct owner {
    struct unit *unit; /* NULL: nobody */
    bool has_function;
    struct dw_die function;
    uint64_t entry;
};

struct part {
    struct build *build;
    const struct owner *owner;
    uint64_t node; /* as entries call it, of the current scope */
    uint32_t scope;
    size_t segment; /* next one */
    struct piece_place place, last;
};

static void fail(struct build *build, int error) {
    if (build->error == 0 && error < 0)
        build->error = error;
}

static void build_free(struct build *build) {
    units_free(&build->units);
    free(build->bounds);
    index_texts_free(&build->texts);
    index_names_free(&build->names);
    index_scopes_free(&build->scopes);
    index_piece_free(&build->piece);
    index_writer_free(&build->writer);
    buffer_free(&build->lows);
    buffer_free(&build->offsets);
    buffer_free(&build->out);
    index_map_free(&build->files);
    free(build);
}
BASE_DEFINE_CLEANUP(build_free, struct build *, build_free);

static void add_bound(struct build *build, uint64_t address) {
    if (build->error < 0)
        return;
    if (build->n_bounds == BOUNDS_LIMIT) {
        fail(build, -E2BIG);
        return;
    }
    uint64_t *grown = grow(build->bounds, build->n_bounds, sizeof(*grown));
    if (!grown) {
        fail(build, -ENOMEM);
        return;
    }
    build->bounds = grown;
    grown[build->n_bounds++] = address;
}

static void add_sequence(uint64_t low, uint64_t high, void *data) {
    add_bound(data, low);
    add_bound(data, high);
}

static int compare_addresses(const void *a, const void *b) {
    const uint64_t *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

static int read_tables(struct build *build, struct dw_info *info) {
    int r = units_read(info, &build->units);
    if (r < 0)
        return r;
    for (size_t i = 0; i < build->units.n_ranges; i++)
        add_sequence(build->units.ranges[i].low, build->units.ranges[i].high, build);
    for (size_t i = 0; i < build->units.n_units && build->error == 0; i++) {
        struct unit *unit = &build->units.units[i];
        if (!dw_unit_body(unit->unit))
            return -ENOENT;
        unit_read_functions(&build->units, unit);
        for (size_t k = 0; k < unit->n_functions; k++)
            add_sequence(unit->functions[k].low, unit->functions[k].high, build);
        struct dw_lines *lines = unit_lines(unit);
        if (lines)
            dw_lines_sequences(lines, add_sequence, build);
    }
    if (build->n_bounds == 0)
        return build->error < 0 ? build->error : -ENODATA;
    qsort(build->bounds, build->n_bounds, sizeof(*build->bounds), compare_addresses);
    build->base = build->bounds[0];
    if (build->bounds[build->n_bounds - 1] - build->base > UINT32_MAX)
        return -EFBIG;
    return build->error;
}

struct search {
    uint64_t address;
    struct owner *owner;
};

/* As a lookup visits units. */
static bool visit(struct units *units, struct unit *unit, void *data) {
    struct search *search = data;
    struct owner *owner = search->owner;
    struct dw_lines *lines = unit_lines(unit);
    struct owner here = {.unit = unit};
    if (unit->n_functions > 0)
        here.has_function =
            unit_function_at(units, unit, search->address, &here.function, &here.entry);
    bool has_line = lines && dw_lines_cover(lines, search->address);
    if (!here.has_function && (owner->unit || !has_line))
        return false;
    *owner = here;
    return here.has_function;
}

/* Offset of its path, 0 if it has none. */
static uint32_t file_of(struct build *build, uint64_t number) {
    struct unit *unit = build->unit;
    struct dw_lines *lines = unit_lines(unit);
    __typeof__(&build->recent_files[0]) recent = &build->recent_files[number % RECENT_FILES];
    if (!lines)
        return 0;
    if (recent->text > 0 && recent->number == number)
        return recent->text - 1;
    uint64_t key = (uint64_t)(unit - build->units.units) << 32 | (uint32_t)number;
    uint32_t text = index_map_get(&build->files, key);
    if (text == 0) {
        /* None is the text of offset 0, which the map cannot hold. */
        text = index_texts_add(&build->texts, dw_lines_file(lines, number)) + 1;
        fail(build, index_map_put(&build->files, key, text));
    }
    recent->number = number;
    recent->text = text;
    return text - 1;
}

static struct piece_place place_of(struct build *build, const struct dw_row *row) {
    return (struct piece_place){
        .file = file_of(build, row->file),
        .line = row->line <= INT32_MAX ? row->line : 0,
        .column = row->column,
        .discriminator = row->discriminator,
    };
}

static void finish_piece(struct build *build, uint64_t high) {
    if (!build->piece.open)
        return;
    uint64_t offset = index_writer_offset(&build->writer, INDEX_PIECES);
    if (offset > UINT32_MAX)
        fail(build, -EFBIG);
    buffer_u32(&build->lows, (uint32_t)(build->piece.low - build->base));
    buffer_u32(&build->offsets, (uint32_t)offset);
    build->out.size = 0;
    fail(build, index_piece_finish(&build->piece, high, &build->out));
    index_writer_put(&build->writer, build->out.data, build->out.size);
}

static void start_piece(struct build *build, struct unit *unit, uint64_t low) {
    if (build->unit != unit) {
        build->plain = scope_language_is_plain(unit->body);
        memset(build->recent_files, 0, sizeof(build->recent_files));
    }
    build->unit = unit;
    index_piece_start(&build->piece, low,
                      index_texts_add(&build->texts, dw_unit_comp_dir(unit->unit)));
}

/* Writes the node of a scope and of those around it where the piece does not have them. */
static uint64_t node_of(struct build *build, uint32_t number, uint64_t entry) {
    struct index_piece *piece = &build->piece;
    struct index_scope *scope = &build->scopes.scopes[number];
    if (scope->node_turn == piece->turn)
        return scope->node;
    uint32_t missing[CODE_CHAIN_LIMIT];
    size_t n = 0;
    while (n < CODE_CHAIN_LIMIT) {
        missing[n++] = number;
        number = build->scopes.scopes[number].call;
        if (number == INDEX_SCOPE_NONE || build->scopes.scopes[number].node_turn == piece->turn)
            break;
    }
    while (n-- > 0) {
        scope = &build->scopes.scopes[missing[n]];
        const struct index_scope *outer =
            scope->call == INDEX_SCOPE_NONE ? NULL : &build->scopes.scopes[scope->call];
        struct buffer *nodes = &piece->nodes;
        scope->node = nodes->size + INDEX_NODE_FIRST;
        scope->node_turn = piece->turn;
        buffer_uleb(nodes, outer ? scope->node - outer->node : 0);
        buffer_uleb(nodes,
                    index_names_add(&build->names, &build->texts, &scope->die, build->plain));
        buffer_sleb(nodes, (int64_t)(scope->die.offset - (outer ? outer->die.offset : 0)));
        buffer_sleb(nodes, (int64_t)(scope->low - (outer ? outer->low : piece->low)));
        if (!outer) {
            buffer_sleb(nodes, (int64_t)(entry - scope->low));
            continue;
        }
        struct function_call call = function_call_site(&scope->die);
        buffer_uleb(nodes, index_piece_file(piece, file_of(build, call.file)));
        buffer_uleb(nodes, call.line);
        buffer_uleb(nodes, call.column);
    }
    return scope->node;
}

static void add_entry(struct part *part, uint64_t address) {
    struct build *build = part->build;
    if (index_piece_full(&build->piece)) {
        finish_piece(build, address);
        start_piece(build, part->owner->unit, address);
    }
    uint64_t node = INDEX_NODE_LINE_ONLY;
    if (part->owner->has_function)
        node = node_of(build, part->scope, part->owner->entry);
    index_piece_entry(&build->piece, address, node, &part->place, &part->last);
}

/* Entries for the calls that begin or end before address. */
static void add_segments(struct part *part, uint64_t address) {
    const struct index_scopes *scopes = &part->build->scopes;
    if (!part->owner->has_function)
        return;
    for (; part->segment < scopes->n_segments && scopes->segments[part->segment].address < address;
         part->segment++) {
        part->scope = scopes->segments[part->segment].scope;
        add_entry(part, scopes->segments[part->segment].address);
    }
}

static void add_row(uint64_t address, const struct dw_row *statement, const struct dw_row *last,
                    void *data) {
    struct part *part = data;
    const struct index_scopes *scopes = &part->build->scopes;
    add_segments(part, address);
    if (part->owner->has_function && part->segment < scopes->n_segments &&
        scopes->segments[part->segment].address == address)
        part->scope = scopes->segments[part->segment++].scope;
    part->place = place_of(part->build, statement);
    part->last = place_of(part->build, last);
    add_entry(part, address);
}

static int read_scopes(struct build *build, const struct dw_die *function) {
    if (build->scopes.n_scopes > 0 && build->scopes.function.attributes == function->attributes)
        return 0;
    return index_scopes_read(&build->scopes, function);
}

static void add_part(struct build *build, const struct owner *owner, uint64_t low, uint64_t high) {
    struct part part = {.build = build, .owner = owner};
    struct dw_lines *lines = unit_lines(owner->unit);
    if (build->piece.open && (build->unit != owner->unit || index_piece_full(&build->piece)))
        finish_piece(build, low);
    if (!build->piece.open)
        start_piece(build, owner->unit, low);
    if (owner->has_function) {
        int r = read_scopes(build, &owner->function);
        if (r < 0) {
            fail(build, r);
            return;
        }
        const struct index_scopes *scopes = &build->scopes;
        while (part.segment < scopes->n_segments && scopes->segments[part.segment].address <= low)
            part.scope = scopes->segments[part.segment++].scope;
    }
    bool has_lines = lines && dw_lines_cover(lines, low);
    if (has_lines)
        dw_lines_between(lines, low, high, add_row, &part);
    else
        add_entry(&part, low);
    add_segments(&part, high);
}

static void add_gap(struct build *build, uint64_t low, uint64_t high) {
    static const struct piece_place none;
    if (!build->piece.open)
        return;
    if (high - low >= GAP_LIMIT)
        finish_piece(build, low);
    else
        index_piece_entry(&build->piece, low, INDEX_NODE_NOTHING, &none, &none);
}

static int add_pieces(struct build *build) {
    index_writer_section(&build->writer, INDEX_PIECES);
    uint64_t last = build->bounds[build->n_bounds - 1];
    for (size_t i = 0; i + 1 < build->n_bounds && build->error == 0; i++) {
        uint64_t low = build->bounds[i], high = build->bounds[i + 1];
        if (low == high)
            continue;
        struct owner owner = {0};
        struct search search = {low, &owner};
        units_at(&build->units, low, visit, &search);
        if (owner.unit)
            add_part(build, &owner, low, high);
        else
            add_gap(build, low, high);
        fail(build, build->texts.error);
        fail(build, build->names.error);
        fail(build, build->writer.error);
    }
    finish_piece(build, last);
    return build->error;
}

static int finish(struct build *build, const struct index_build_options *options) {
    struct index_writer *writer = &build->writer;
    const struct buffer *sections[] = {&build->lows, &build->offsets, &build->names.names,
                                       &build->texts.strings, &build->texts.ropes};
    for (size_t i = 0; i < sizeof(sections) / sizeof(*sections); i++) {
        if (sections[i]->failed)
            return -ENOMEM;
        index_writer_section(writer, (enum index_section_id)(INDEX_LOWS + i));
        index_writer_put(writer, sections[i]->data, sections[i]->size);
    }
    writer->header.base = build->base;
    writer->header.build_id_size = (uint32_t)options->build_id_size;
    memcpy(writer->header.build_id, options->build_id, options->build_id_size);
    return index_writer_finish(writer);
}

int index_build(struct dw_info *info, int fd, const struct index_build_options *options) {
    if (options->build_id_size == 0 ||
        options->build_id_size > sizeof(((struct index_header *)0)->build_id))
        return -EINVAL;
    BASE_CLEANUP(build_free)
    struct build *build = calloc(1, sizeof(*build));
    if (!build)
        return -ENOMEM;
    uint64_t limit = options->limit ? options->limit : SIZE_LIMIT;
    build->budget = BUDGET;
    build->scopes.budget = &build->budget;
    index_writer_start(&build->writer, fd, limit);
    int r = index_texts_start(&build->texts, limit < INT32_MAX ? limit : INT32_MAX);
    if (r == 0)
        r = read_tables(build, info);
    if (r == 0)
        r = add_pieces(build);
    if (r == 0)
        r = finish(build, options);
    return r;
}
