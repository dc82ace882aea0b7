/* SPDX-License-Identifier: MIT */
/* Units in a .dwp package: DWARF 5, 7.3.5, and version 2 of GNU's extension to DWARF 4. */
#ifndef SYMBOLIZER_DWARF_PACKAGE_H
#define SYMBOLIZER_DWARF_PACKAGE_H

#include "symbolizer/dwarf/info.h"

/* index: DW_SECTION_CU_INDEX or DW_SECTION_TU_INDEX. NULL if there is none with that signature. */
struct dw_unit *dw_package_unit(struct dw_info *package, enum dw_section_id index,
                                uint64_t signature);

#endif
