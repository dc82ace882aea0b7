/* SPDX-License-Identifier: MIT */
/* Much text to a descriptor in little time. */
#ifndef CRASHCTL_OUTPUT_H
#define CRASHCTL_OUTPUT_H

#include <stddef.h>
#include <stdint.h>

struct output {
    int fd;
    int error; /* kept: what comes after it is dropped */
    size_t used;
    char buffer[1 << 16];
};

void output_text(struct output *output, const char *text);
void output_decimal(struct output *output, uint64_t number);
void output_hexadecimal(struct output *output, uint64_t number, unsigned digits);
/* 0 or a negative errno of this or an earlier write. */
int output_flush(struct output *output);

#endif
