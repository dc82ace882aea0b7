/* SPDX-License-Identifier: MIT */
/* Lower-case hexadecimal text. */
#ifndef BASE_HEX_H
#define BASE_HEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Writes 2 * size digits and a NUL. */
void hex_encode(const uint8_t *bytes, size_t size, char *text);
/* The bytes of text, at most size; how many. 0 if it is anything but pairs of digits, or longer. */
size_t hex_decode(const char *text, uint8_t *bytes, size_t size);
/* True for exactly digits lower-case hexadecimal digits. */
bool hex_is(const char *text, size_t digits);
/* 32 random digits in the form of a UUID v4 without dashes: an event_id. 0 or negative errno. */
int hex_uuid(char text[33]);

#endif
