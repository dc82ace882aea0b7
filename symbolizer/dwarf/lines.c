/* SPDX-License-Identifier: MIT */
#include "symbolizer/dwarf/lines.h"

#include <dwarf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/grow.h"
#include "symbolizer/dwarf/bytes.h"
#include "symbolizer/dwarf/lineheader.h"
#include "symbolizer/dwarf/lineprogram.h"

enum { ROWS_PER_MARK = 256, LOOK_BACK = 16 };

/* The state before a row whose address is greater than that of the row before it. */
struct mark {
    uint64_t address; /* of that row */
    struct line_state state;
};

struct sequence {
    uint64_t low, high;
    size_t mark; /* its first one; the next sequence's is its end */
    size_t n_marks;
};

struct dw_lines {
    struct line_header header;
    struct mark *marks;
    size_t n_marks;
    struct sequence *sequences; /* by low */
    size_t n_sequences;
    char **paths; /* of files, made when asked for */
};

static int add_mark(struct dw_lines *lines, uint64_t address, const struct line_state *state) {
    struct mark *grown = grow(lines->marks, lines->n_marks, sizeof(*grown));
    if (!grown)
        return -ENOMEM;
    lines->marks = grown;
    grown[lines->n_marks++] = (struct mark){address, *state};
    return 0;
}

static int add_sequence(struct dw_lines *lines, const struct sequence *sequence) {
    /* Linkers leave the lines of what they discarded at address 0, or at the largest one. */
    if (sequence->low == 0 || sequence->low >= sequence->high) {
        lines->n_marks = sequence->mark;
        return 0;
    }
    struct sequence *grown = grow(lines->sequences, lines->n_sequences, sizeof(*grown));
    if (!grown)
        return -ENOMEM;
    lines->sequences = grown;
    grown[lines->n_sequences] = *sequence;
    grown[lines->n_sequences++].n_marks = lines->n_marks - sequence->mark;
    return 0;
}

static int compare_sequences(const void *a, const void *b) {
    const struct sequence *x = a, *y = b;
    if (x->low != y->low)
        return x->low < y->low ? -1 : 1;
    return x->mark < y->mark ? -1 : x->mark > y->mark;
}

static int find_sequences(struct dw_lines *lines) {
    struct line_state state = line_state_start(&lines->header);
    struct sequence sequence = {0};
    struct dw_row row;
    uint64_t last = 0;
    bool open = false;
    size_t since = 0;
    for (;;) {
        struct line_state before = state;
        if (!line_program_row(&lines->header, &state, &row))
            break;
        int r = 0;
        if (!open)
            sequence = (struct sequence){.low = row.address, .mark = lines->n_marks};
        if (!open || (since >= ROWS_PER_MARK && row.address > last)) {
            r = add_mark(lines, row.address, &before);
            since = 0;
        }
        since++;
        open = !row.end;
        last = row.address;
        if (r == 0 && row.end) {
            sequence.high = row.address;
            r = add_sequence(lines, &sequence);
        }
        if (r < 0)
            return r;
    }
    if (lines->n_sequences > 0)
        qsort(lines->sequences, lines->n_sequences, sizeof(*lines->sequences), compare_sequences);
    return 0;
}

int dw_lines_read(struct dw_unit *unit, struct dw_lines **ret) {
    struct dw_lines *lines = calloc(1, sizeof(*lines));
    if (!lines)
        return -ENOMEM;
    int r = line_header_read(unit, &lines->header);
    if (r == 0)
        r = find_sequences(lines);
    if (r == 0 && !(lines->paths = calloc(lines->header.n_files + 1, sizeof(char *))))
        r = -ENOMEM;
    if (r < 0) {
        dw_lines_free(lines);
        return r;
    }
    *ret = lines;
    return 0;
}

struct dw_lines *dw_lines_free(struct dw_lines *lines) {
    if (!lines)
        return NULL;
    for (size_t i = 0; lines->paths && i < lines->header.n_files; i++)
        free(lines->paths[i]);
    free(lines->paths);
    free(lines->marks);
    free(lines->sequences);
    line_header_free(&lines->header);
    free(lines);
    return NULL;
}

static const struct sequence *sequence_at(const struct dw_lines *lines, uint64_t address) {
    size_t low = 0, high = lines->n_sequences;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (lines->sequences[middle].low <= address)
            low = middle + 1;
        else
            high = middle;
    }
    for (size_t i = low; i-- > 0 && low - i <= LOOK_BACK;)
        if (address < lines->sequences[i].high)
            return &lines->sequences[i];
    return NULL;
}

static const struct mark *mark_at(const struct dw_lines *lines, const struct sequence *sequence,
                                  uint64_t address) {
    size_t low = sequence->mark, high = sequence->mark + sequence->n_marks;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (lines->marks[middle].address <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low > sequence->mark ? &lines->marks[low - 1] : NULL;
}

bool dw_lines_at(struct dw_lines *lines, uint64_t address, enum dw_row_choice choice,
                 struct dw_row *ret) {
    const struct sequence *sequence = sequence_at(lines, address);
    const struct mark *mark = sequence ? mark_at(lines, sequence, address) : NULL;
    if (!mark)
        return false;
    struct line_state state = mark->state;
    struct dw_row row, best = {0};
    bool found = false;
    while (line_program_row(&lines->header, &state, &row) && row.address <= address && !row.end) {
        if (!found || row.address != best.address || row.statement || !best.statement ||
            choice == DW_ROW_LAST)
            best = row;
        found = true;
    }
    if (found)
        *ret = best;
    return found;
}

bool dw_lines_cover(const struct dw_lines *lines, uint64_t address) {
    const struct sequence *sequence = sequence_at(lines, address);
    return sequence && mark_at(lines, sequence, address);
}

void dw_lines_sequences(const struct dw_lines *lines,
                        void (*visit)(uint64_t low, uint64_t high, void *data), void *data) {
    for (size_t i = 0; i < lines->n_sequences; i++)
        visit(lines->sequences[i].low, lines->sequences[i].high, data);
}

void dw_lines_between(struct dw_lines *lines, uint64_t low, uint64_t high,
                      void (*visit)(uint64_t address, const struct dw_row *statement,
                                    const struct dw_row *last, void *data),
                      void *data) {
    const struct sequence *sequence = sequence_at(lines, low);
    const struct mark *mark = sequence ? mark_at(lines, sequence, low) : NULL;
    if (!mark)
        return;
    struct line_state state = mark->state;
    struct dw_row row, statement = {0}, last = {0};
    uint64_t address = 0;
    bool found = false;
    while (line_program_row(&lines->header, &state, &row) && row.address < high && !row.end) {
        if (found && row.address > address && row.address > low)
            visit(address > low ? address : low, &statement, &last, data);
        if (!found || row.address > address)
            address = row.address;
        if (!found || row.address != statement.address || row.statement || !statement.statement)
            statement = row;
        last = row;
        found = true;
    }
    if (found)
        visit(address > low ? address : low, &statement, &last, data);
}

const char *dw_lines_file(struct dw_lines *lines, uint64_t number) {
    const struct line_header *header = &lines->header;
    /* Before DWARF 5 files were counted from 1. */
    uint64_t index = header->version >= 5 ? number : number - 1;
    if (index >= header->n_files || !header->files[index].name)
        return NULL;
    if (!lines->paths[index]) {
        const struct line_file *file = &header->files[index];
        const char *directory = line_header_directory(header, file->directory);
        char *path = NULL;
        if (*file->name == '/' || !directory)
            path = strdup(file->name);
        else if (asprintf(&path, "%s/%s", directory, file->name) < 0)
            path = NULL;
        lines->paths[index] = path;
    }
    return lines->paths[index];
}
