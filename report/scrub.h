/* SPDX-License-Identifier: MIT */
/* Takes secrets out of text before anybody sees it: by the name of what holds it, and by patterns.
 */
#ifndef REPORT_SCRUB_H
#define REPORT_SCRUB_H

#include <stdbool.h>
#include <stddef.h>

#define SCRUB_MARK "[Filtered]"

struct scrubber;

/* 0 or -ENOMEM. */
int scrubber_new(struct scrubber **ret);
struct scrubber *scrubber_free(struct scrubber *scrubber);

/* True for names such as DB_PASSWORD, apiKey, Authorization. */
bool scrub_is_secret_name(const char *name);

/* text with every secret in it replaced: credentials in URLs, values behind secret names
 * ("password=x", "--token x", "Authorization: Bearer x"), well-known token forms, private keys,
 * card numbers. malloc'ed, NULL if no memory; a copy when there is nothing to hide. */
char *scrub_text(const struct scrubber *scrubber, const char *text);

/* The same for the value of a variable as a debugger prints it: a number that stands outside of
 * quotes is no card's, whatever its digits add up to. */
char *scrub_value(const struct scrubber *scrubber, const char *text);

/* text in clean UTF-8 (base/text.h) and scrubbed; *ret is NULL for an empty one. 0 or -ENOMEM. */
int scrub_keep(const struct scrubber *scrubber, const char *text, size_t limit, char **ret);

#endif
