/* SPDX-License-Identifier: MIT */
#include "crashctl/output.h"

#include <string.h>

#include "base/io.h"

int output_flush(struct output *output) {
    if (output->error == 0)
        output->error = io_write_all(output->fd, output->buffer, output->used);
    output->used = 0;
    return output->error;
}

static void put(struct output *output, const char *text, size_t size) {
    while (size > 0) {
        size_t part = sizeof(output->buffer) - output->used;
        if (part > size)
            part = size;
        memcpy(output->buffer + output->used, text, part);
        output->used += part;
        text += part;
        size -= part;
        if (output->used == sizeof(output->buffer))
            output_flush(output);
    }
}

void output_text(struct output *output, const char *text) {
    put(output, text, strlen(text));
}

void output_decimal(struct output *output, uint64_t number) {
    char text[20], *at = text + sizeof(text);
    do
        *--at = (char)('0' + number % 10);
    while (number /= 10);
    put(output, at, (size_t)(text + sizeof(text) - at));
}

void output_hexadecimal(struct output *output, uint64_t number, unsigned digits) {
    char text[16];
    for (unsigned i = digits; i-- > 0; number >>= 4)
        text[i] = "0123456789abcdef"[number & 15];
    put(output, text, digits);
}
