/* SPDX-License-Identifier: MIT */
#include "base/hex.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

void hex_encode(const uint8_t *bytes, size_t size, char *text) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        *text++ = digits[bytes[i] >> 4];
        *text++ = digits[bytes[i] & 15];
    }
    *text = '\0';
}

static unsigned digit(char c) {
    return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

size_t hex_decode(const char *text, uint8_t *bytes, size_t size) {
    size_t digits = strlen(text);
    if (digits % 2 || digits / 2 > size || !hex_is(text, digits))
        return 0;
    for (size_t i = 0; i < digits / 2; i++)
        bytes[i] = (uint8_t)(digit(text[2 * i]) << 4 | digit(text[2 * i + 1]));
    return digits / 2;
}

bool hex_is(const char *text, size_t digits) {
    return strspn(text, "0123456789abcdef") == digits && text[digits] == '\0';
}

int hex_uuid(char text[33]) {
    uint8_t bytes[16];
    if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes)
        return -EIO;
    bytes[6] = (uint8_t)((bytes[6] & 0x0f) | 0x40);
    bytes[8] = (uint8_t)((bytes[8] & 0x3f) | 0x80);
    hex_encode(bytes, sizeof bytes, text);
    return 0;
}
