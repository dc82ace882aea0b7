/* SPDX-License-Identifier: MIT */
/* A worker's result: the event, the text and the summary in one anonymous file. */
#ifndef CRASHD_BUNDLE_H
#define CRASHD_BUNDLE_H

#include <stddef.h>

enum bundle_part { BUNDLE_EVENT, BUNDLE_TEXT, BUNDLE_SUMMARY, BUNDLE_PARTS };

enum { BUNDLE_PART_MAX = 8 << 20 };

struct bundle {
    char *data[BUNDLE_PARTS]; /* malloc'ed, each with a NUL behind it */
    size_t size[BUNDLE_PARTS];
};

int bundle_write(int fd, const struct bundle *bundle);
/* Reads it once, from the start, and believes nothing: the writer may still be at it. -EBADMSG if
 * it is none. */
int bundle_read(int fd, struct bundle *ret);
void bundle_clear(struct bundle *bundle);

static inline void cleanup_bundle(struct bundle *bundle) {
    bundle_clear(bundle);
}

#endif
