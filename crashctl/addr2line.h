/* SPDX-License-Identifier: MIT */
/* What binutils' `addr2line -a -f -i -C -e FILE ADDR...` prints. */
#ifndef CRASHCTL_ADDR2LINE_H
#define CRASHCTL_ADDR2LINE_H

#include <stddef.h>
#include <stdio.h>

struct index_place;

/* indexes: where the index of file may be, NULL if nowhere. addresses: hexadecimal, with or without
 * 0x. With n 0 they come from in_when_none, one a line, each answered at once. 0, or a negative
 * errno if file could not be opened (-ENOEXEC: no ELF file) or out could not be written. */
int addr2line_print(FILE *out, const char *file, struct index_place *indexes, char **addresses,
                    size_t n, FILE *in_when_none);

#endif
