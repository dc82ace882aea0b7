/* SPDX-License-Identifier: MIT */
/* Identifiers of ELF images (SENTRY.md 2.5). */
#ifndef REPORT_DEBUGID_H
#define REPORT_DEBUGID_H

#include <stddef.h>
#include <stdint.h>

enum { DEBUG_ID_SIZE = 37 };

/* The first 16 bytes of a build-id, padded with zeros, as a little-endian GUID. text is "" when
 * size is 0. */
void debug_id(const uint8_t *build_id, size_t size, char text[DEBUG_ID_SIZE]);

#endif
