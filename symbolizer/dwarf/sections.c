/* SPDX-License-Identifier: MIT */
#include "symbolizer/dwarf/sections.h"

#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "symbolizer/dwarf/decompress.h"

static const char *const NAMES[DW_SECTIONS] = {
    [DW_SECTION_INFO] = "debug_info",
    [DW_SECTION_ABBREV] = "debug_abbrev",
    [DW_SECTION_STR] = "debug_str",
    [DW_SECTION_LINE] = "debug_line",
    [DW_SECTION_LINE_STR] = "debug_line_str",
    [DW_SECTION_RANGES] = "debug_ranges",
    [DW_SECTION_RNGLISTS] = "debug_rnglists",
    [DW_SECTION_ADDR] = "debug_addr",
    [DW_SECTION_STR_OFFSETS] = "debug_str_offsets",
    [DW_SECTION_LOC] = "debug_loc",
    [DW_SECTION_LOCLISTS] = "debug_loclists",
    [DW_SECTION_TYPES] = "debug_types",
    [DW_SECTION_CU_INDEX] = "debug_cu_index",
    [DW_SECTION_TU_INDEX] = "debug_tu_index",
    [DW_SECTION_ALTLINK] = "gnu_debugaltlink",
};

/* ".debug_x", ".zdebug_x" of old tools, ".debug_x.dwo". The indexes of a package have no ".dwo". */
static int id_of(const char *name, bool split, bool *gnu) {
    *gnu = false;
    if (*name++ != '.')
        return -1;
    if (strncmp(name, "zdebug_", 7) == 0) {
        *gnu = true;
        name++;
    }
    size_t length = strlen(name);
    bool has_suffix = length > 4 && strcmp(name + length - 4, ".dwo") == 0;
    if (has_suffix)
        length -= 4;
    for (int i = 0; i < DW_SECTIONS; i++) {
        bool index = i == DW_SECTION_CU_INDEX || i == DW_SECTION_TU_INDEX;
        if (strlen(NAMES[i]) == length && memcmp(NAMES[i], name, length) == 0 &&
            (index || has_suffix == split))
            return i;
    }
    return -1;
}

void dw_sections_find(struct dw_sections *sections, const struct elf_file *file, bool split) {
    *sections = (struct dw_sections){0};
    size_t names;
    if (elf_getshdrstrndx(file->elf, &names) != 0)
        return;
    Elf_Scn *section = NULL;
    while ((section = elf_nextscn(file->elf, section))) {
        GElf_Shdr shdr;
        bool gnu;
        if (!gelf_getshdr(section, &shdr) || shdr.sh_type == SHT_NOBITS || shdr.sh_size == 0 ||
            shdr.sh_offset > file->size || shdr.sh_size > file->size - shdr.sh_offset)
            continue;
        const char *name = elf_strptr(file->elf, names, shdr.sh_name);
        int id = name ? id_of(name, split, &gnu) : -1;
        if (id < 0 || sections->at[id].stored.data)
            continue;
        sections->at[id].stored =
            (struct dw_slice){file->image + shdr.sh_offset, (size_t)shdr.sh_size};
        sections->at[id].form = gnu                              ? DW_STORED_GNU
                                : shdr.sh_flags & SHF_COMPRESSED ? DW_STORED_ELF
                                                                 : DW_STORED_PLAIN;
    }
}

void dw_sections_free(struct dw_sections *sections) {
    for (size_t i = 0; i < DW_SECTIONS; i++)
        free(sections->at[i].unpacked);
    *sections = (struct dw_sections){0};
}

struct dw_slice dw_sections_get(struct dw_sections *sections, enum dw_section_id id) {
    __typeof__(&sections->at[id]) section = &sections->at[id];
    if (section->read)
        return section->plain;
    section->read = true;
    if (section->form == DW_STORED_PLAIN) {
        section->plain = section->stored;
        return section->plain;
    }
    size_t size;
    int r = section->form == DW_STORED_ELF
                ? decompress_section(section->stored.data, section->stored.size, &section->unpacked,
                                     &size)
                : decompress_gnu_section(section->stored.data, section->stored.size,
                                         &section->unpacked, &size);
    if (r == 0)
        section->plain = (struct dw_slice){section->unpacked, size};
    return section->plain;
}
