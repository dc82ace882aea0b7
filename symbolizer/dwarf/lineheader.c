/* SPDX-License-Identifier: MIT */
#include "symbolizer/dwarf/lineheader.h"

#include <dwarf.h>
#include <errno.h>
#include <stdlib.h>

#include "base/grow.h"
#include "symbolizer/dwarf/bytes.h"
#include "symbolizer/dwarf/value.h"

enum { FORMATS_LIMIT = 255 };

void line_header_free(struct line_header *header) {
    free(header->directories);
    free(header->files);
    *header = (struct line_header){0};
}

static int add_directory(struct line_header *header, const char *name) {
    const char **grown = grow(header->directories, header->n_directories, sizeof(*grown));
    if (!grown)
        return -ENOMEM;
    header->directories = grown;
    header->directories[header->n_directories++] = name;
    return 0;
}

static int add_file(struct line_header *header, struct line_file file) {
    struct line_file *grown = grow(header->files, header->n_files, sizeof(*grown));
    if (!grown)
        return -ENOMEM;
    header->files = grown;
    header->files[header->n_files++] = file;
    return 0;
}

/* Up to version 4: strings, each list ended by an empty one. */
static int read_old_names(struct bytes *bytes, struct line_header *header) {
    const char *name;
    int r = 0;
    while (r == 0 && (name = bytes_string(bytes)) && *name)
        r = add_directory(header, name);
    while (r == 0 && (name = bytes_string(bytes)) && *name) {
        uint64_t directory = bytes_uleb(bytes);
        bytes_uleb(bytes); /* time */
        bytes_uleb(bytes); /* size */
        r = add_file(header, (struct line_file){name, directory});
    }
    return r;
}

/* Since version 5: a list of forms, then entries of these. */
static int read_entries(struct bytes *bytes, struct line_header *header, bool files) {
    struct dw_attribute_spec formats[FORMATS_LIMIT];
    size_t n = bytes_u8(bytes);
    for (size_t i = 0; i < n; i++) {
        formats[i].name = (uint16_t)bytes_uleb(bytes);
        formats[i].form = (uint16_t)bytes_uleb(bytes);
        formats[i].constant = 0;
    }
    uint64_t count = bytes_uleb(bytes);
    if (bytes->bad || (n == 0 && count > 0) || count > bytes_left(bytes))
        return -ENODATA;
    for (uint64_t i = 0; i < count; i++) {
        struct line_file file = {0};
        for (size_t k = 0; k < n; k++) {
            struct dw_value value;
            if (!dw_value_read(bytes, &header->unit, &formats[k], &value))
                return -ENODATA;
            if (formats[k].name == DW_LNCT_path)
                file.name = dw_value_string(&value);
            else if (formats[k].name == DW_LNCT_directory_index)
                file.directory = value.number;
        }
        int r = files ? add_file(header, file) : add_directory(header, file.name);
        if (r < 0)
            return r;
    }
    return 0;
}

static bool read_parameters(struct bytes *bytes, struct line_header *header) {
    header->minimum_instruction = bytes_u8(bytes);
    if (header->version >= 4)
        bytes_u8(bytes); /* operations per instruction: 1, but for VLIW machines */
    header->default_statement = bytes_u8(bytes) != 0;
    header->line_base = (int8_t)bytes_u8(bytes);
    header->line_range = bytes_u8(bytes);
    header->opcode_base = bytes_u8(bytes);
    if (header->line_range == 0 || header->opcode_base == 0)
        return false;
    header->operands = bytes_block(bytes, (uint64_t)header->opcode_base - 1);
    return !bytes->bad;
}

static int read_header(struct bytes *bytes, struct line_header *header) {
    struct dw_unit *unit = &header->unit;
    uint64_t length = bytes_initial_length(bytes, &unit->offset_size);
    if (length > bytes_left(bytes))
        return -ENODATA;
    header->end = bytes->end = bytes->at + length;
    header->version = bytes_u16(bytes);
    if (header->version < 2 || header->version > 5)
        return -ENODATA;
    if (header->version >= 5) {
        unit->address_size = bytes_u8(bytes);
        bytes_u8(bytes); /* size of segment selectors */
    }
    uint64_t rest = bytes_unsigned(bytes, unit->offset_size);
    if (bytes->bad || rest > bytes_left(bytes) ||
        (unit->address_size != 8 && unit->address_size != 4))
        return -ENODATA;
    header->program = bytes->at + rest;
    bytes->end = header->program;
    if (!read_parameters(bytes, header))
        return -ENODATA;
    if (header->version < 5)
        return read_old_names(bytes, header);
    int r = read_entries(bytes, header, false);
    return r < 0 ? r : read_entries(bytes, header, true);
}

int line_header_read(struct dw_unit *unit, struct line_header *ret) {
    *ret = (struct line_header){.unit = *unit};
    if (!dw_unit_read_root(unit) || !unit->lines.there)
        return -ENODATA;
    struct dw_slice section = dw_unit_section(unit, DW_SECTION_LINE);
    struct bytes bytes = bytes_of(section.data, section.size, unit->lines.number);
    int r = bytes.bad ? -ENODATA : read_header(&bytes, ret);
    if (r < 0)
        line_header_free(ret);
    return r;
}

const char *line_header_directory(const struct line_header *header, uint64_t number) {
    /* Number 0 is the directory of the compilation; DWARF 5 repeats it in the table. */
    uint64_t index = header->version >= 5 ? number : number - 1;
    return index < header->n_directories ? header->directories[index] : NULL;
}
