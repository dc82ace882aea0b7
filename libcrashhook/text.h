/* SPDX-License-Identifier: MIT */
/*
 * Bytes and strings without the C library: a program may have replaced its functions (sanitizers
 * do), and they may not work in what is left of the process. Async-signal-safe.
 */
#ifndef LIBCRASHHOOK_TEXT_H
#define LIBCRASHHOOK_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Hidden, for the calls that the compiler makes out of assignments. */
void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memset(void *to, int value, size_t size);

void text_copy(void *to, const void *from, size_t size);
void text_zero(void *to, size_t size);
bool text_same_bytes(const void *a, const void *b, size_t size);
size_t text_length(const char *text);
size_t text_length_max(const char *text, size_t max);
bool text_equal(const char *a, const char *b);
bool text_begins(const char *text, const char *prefix);
bool text_ends(const char *text, size_t length, const char *suffix);

/* A text that is put together in a fixed buffer; always ends in NUL, cut when full. */
struct text {
    char *bytes;
    size_t size, length;
    bool cut;
};
struct text text_in(void *buffer, size_t size);
void text_add(struct text *text, const char *string);
void text_add_number(struct text *text, uint64_t number);

/* Reads digits of the base at *at and moves it behind them; false without any. */
bool text_number(const char **at, unsigned base, uint64_t *number);

#endif
