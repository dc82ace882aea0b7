/* SPDX-License-Identifier: MIT */
#include "symbolizer/dwarf/info.h"

#include <errno.h>
#include <stdlib.h>

#include "symbolizer/dwarf/split.h"
#include "symbolizer/dwarf/unit.h"

int dw_info_new(const struct elf_file *file, bool split, struct dw_info **ret) {
    BASE_CLEANUP(dw_info_free)
    struct dw_info *info = calloc(1, sizeof(*info));
    if (!info)
        return -ENOMEM;
    info->file = file;
    info->split = split;
    dw_sections_find(&info->sections, file, split);
    if (!dw_sections_get(&info->sections, DW_SECTION_INFO).data)
        return -ENODATA;
    int r = dw_units_read(info);
    if (r < 0)
        return r;
    *ret = TAKE_POINTER(info);
    return 0;
}

struct dw_info *dw_info_free(struct dw_info *info) {
    if (!info)
        return NULL;
    dw_splits_free(info);
    for (size_t i = 0; i < info->n_units; i++)
        free(info->units[i].slices);
    for (size_t i = 0; i < info->n_abbrevs; i++)
        dw_abbrevs_free(info->abbrevs[i]);
    free(info->units);
    free(info->type_units);
    free(info->abbrevs);
    dw_sections_free(&info->sections);
    free(info);
    return NULL;
}
