/* SPDX-License-Identifier: MIT */
/* Function names as people write them. */
#ifndef REPORT_SHORTNAME_H
#define REPORT_SHORTNAME_H

#include <stddef.h>

/* "std::string" for "std::__cxx11::basic_string<char, ...>" and its like. Cut, if it does not fit.
 */
void shortname(const char *name, char *text, size_t size);

#endif
