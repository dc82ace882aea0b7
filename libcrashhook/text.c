/* SPDX-License-Identifier: MIT */
/* Async-signal-safe: touches nothing but its arguments. */
#include "libcrashhook/text.h"

void *memcpy(void *restrict to, const void *restrict from, size_t size) {
    text_copy(to, from, size);
    return to;
}

void *memset(void *to, int value, size_t size) {
    uint64_t word = 0x0101010101010101 * (uint8_t)value;
    uint8_t *target = to;

    for (; size >= sizeof word; size -= sizeof word) {
        __builtin_memcpy(target, &word, sizeof word);
        target += sizeof word;
    }
    while (size-- > 0)
        *target++ = (uint8_t)value;
    return to;
}

void text_copy(void *to, const void *from, size_t size) {
    uint8_t *target = to;
    const uint8_t *source = from;

    for (; size >= sizeof(uint64_t); size -= sizeof(uint64_t)) {
        uint64_t word;
        __builtin_memcpy(&word, source, sizeof word);
        __builtin_memcpy(target, &word, sizeof word);
        source += sizeof word;
        target += sizeof word;
    }
    while (size-- > 0)
        *target++ = *source++;
}

void text_zero(void *to, size_t size) {
    memset(to, 0, size);
}

bool text_same_bytes(const void *a, const void *b, size_t size) {
    const uint8_t *left = a, *right = b;

    for (; size >= sizeof(uint64_t); size -= sizeof(uint64_t)) {
        uint64_t one, other;
        __builtin_memcpy(&one, left, sizeof one);
        __builtin_memcpy(&other, right, sizeof other);
        if (one != other)
            return false;
        left += sizeof one;
        right += sizeof one;
    }
    for (size_t i = 0; i < size; i++) {
        if (left[i] != right[i])
            return false;
    }
    return true;
}

size_t text_length_max(const char *text, size_t max) {
    size_t length = 0;

    while (length < max && text[length] != '\0')
        length++;
    return length;
}

size_t text_length(const char *text) {
    return text_length_max(text, SIZE_MAX);
}

bool text_equal(const char *a, const char *b) {
    size_t length = text_length(a);

    return length == text_length(b) && text_same_bytes(a, b, length);
}

bool text_begins(const char *text, const char *prefix) {
    while (*prefix != '\0') {
        if (*text++ != *prefix++)
            return false;
    }
    return true;
}

bool text_ends(const char *text, size_t length, const char *suffix) {
    size_t size = text_length(suffix);

    return size <= length && text_same_bytes(text + length - size, suffix, size);
}

struct text text_in(void *buffer, size_t size) {
    *(char *)buffer = '\0';
    return (struct text){.bytes = buffer, .size = size};
}

void text_add(struct text *text, const char *string) {
    for (; *string != '\0'; string++) {
        if (text->length + 1 >= text->size) {
            text->cut = true;
            break;
        }
        text->bytes[text->length++] = *string;
    }
    text->bytes[text->length] = '\0';
}

void text_add_number(struct text *text, uint64_t number) {
    char digits[21];
    size_t at = sizeof digits;

    digits[--at] = '\0';
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    text_add(text, digits + at);
}

static int digit_value(char digit) {
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    return 99;
}

bool text_number(const char **at, unsigned base, uint64_t *number) {
    const char *start = *at;

    *number = 0;
    while ((unsigned)digit_value(**at) < base)
        *number = *number * base + (unsigned)digit_value(*(*at)++);
    return *at != start;
}
