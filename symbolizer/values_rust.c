/* SPDX-License-Identifier: MIT */
#include "symbolizer/values.h"

bool value_rust(struct printer *printer, const struct object *object) {
    (void)object;
    return printer_is_rust(printer) && false;
}
