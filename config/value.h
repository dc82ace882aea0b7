/* SPDX-License-Identifier: MIT */
/* Texts of the configuration as values. All return false for what they do not understand. */
#ifndef CONFIG_VALUE_H
#define CONFIG_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool value_boolean(const char *text, bool *ret);
bool value_natural(const char *text, uint64_t *ret);
/* Bytes; K, M, G and T are powers of 1024. */
bool value_size(const char *text, uint64_t *ret);
/* Nanoseconds, as systemd.time: "90", "90s", "1h 30min"; a bare number is seconds. */
bool value_duration(const char *text, uint64_t *ret);
/* Whether the first length bytes are http://HOST... or https://HOST... */
bool value_http_url(const char *text, size_t length);

/* The entry of the NULL-terminated list that text most likely was meant to be, or NULL. */
const char *value_nearest(const char *text, const char *const *list);

#endif
