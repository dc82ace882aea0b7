/* SPDX-License-Identifier: MIT */
#include "symbolizer/values.h"

bool value_library_cxx(struct printer *printer, const struct object *object) {
    (void)object;
    return printer_is_cxx(printer) && false;
}
