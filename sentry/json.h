/* SPDX-License-Identifier: MIT */
/* Putting values into JSON objects so that unknown ones are left out: Sentry's rule is never to
 * send null (SENTRY.md 2.1). */
#ifndef SENTRY_JSON_H
#define SENTRY_JSON_H

#include <jansson.h>
#include <stdint.h>

#include "base/cleanup.h"

BASE_DEFINE_CLEANUP(json_decref, json_t *, json_decref);

/* Leaves out NULL and ""; makes the text valid UTF-8 and at most limit bytes. */
void json_put_text(json_t *object, const char *key, const char *text, size_t limit);
/* "0x..." in lower case. */
void json_put_address(json_t *object, const char *key, uint64_t address);
/* Takes the reference; leaves out NULL, empty objects and empty arrays. */
void json_put(json_t *object, const char *key, json_t *value);

#endif
