/* SPDX-License-Identifier: MIT */
#include "report/debugid.h"

#include <stdio.h>
#include <string.h>

void debug_id(const uint8_t *build_id, size_t size, char text[DEBUG_ID_SIZE]) {
    uint8_t b[16] = {0};
    text[0] = '\0';
    if (size == 0)
        return;
    memcpy(b, build_id, size < sizeof b ? size : sizeof b);
    snprintf(text, DEBUG_ID_SIZE,
             "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[3], b[2],
             b[1], b[0], b[5], b[4], b[7], b[6], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
             b[15]);
}
