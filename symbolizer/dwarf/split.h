/* SPDX-License-Identifier: MIT */
/* Split units (DWARF 5, 7.3.2; GNU's DWARF 4 extension): .dwo files beside the objects, .dwp
 * packages beside the program. */
#ifndef SYMBOLIZER_DWARF_SPLIT_H
#define SYMBOLIZER_DWARF_SPLIT_H

#include "symbolizer/dwarf/info.h"

/* The unit that a skeleton stands for; NULL if no file with its dwo_id is to be had. */
struct dw_unit *dw_split_find(struct dw_unit *skeleton, const char *name, const char *comp_dir);
void dw_splits_free(struct dw_info *info);

#endif
