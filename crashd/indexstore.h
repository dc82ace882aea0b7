/* SPDX-License-Identifier: MIT */
/*
 * Indexes of modules (docs/index-format.md) in the directory index/ of a state directory, one
 * directory for each trust domain: what a user's crash led to serves that user's reports alone,
 * since he may have forged the build-id. They are readable for workers, who are handed their
 * domain's directory; what is above it is not.
 */
#ifndef CRASHD_INDEXSTORE_H
#define CRASHD_INDEXSTORE_H

#include <stdbool.h>
#include <stdint.h>

enum { INDEXSTORE_TEMPORARY_MAX = 40, INDEXSTORE_ID_MAX = 128 };

/* As text; nothing else is a build-id to the functions below. */
bool indexstore_id_valid(const char *build_id);

/* A domain's directory, made if need be. A descriptor or negative errno. */
int indexstore_open(int state, uint32_t domain);
/* A new file that nobody takes for an index yet. A descriptor or negative errno. */
int indexstore_begin(int directory, char temporary[INDEXSTORE_TEMPORARY_MAX]);
/* Gives it its place, whole or not at all. 0 or negative errno; then it is gone. */
int indexstore_install(int directory, const char *temporary, const char *build_id);
void indexstore_abandon(int directory, const char *temporary);
void indexstore_remove(int directory, const char *build_id);
/* It counts as used now. */
void indexstore_touch(int directory, const char *build_id);
/* Removes what processes that were killed had begun, and then those that were not used for longest
 * until limit bytes are left in all. */
void indexstore_shrink(int state, uint64_t limit);

#endif
