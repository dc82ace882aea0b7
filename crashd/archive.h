/* SPDX-License-Identifier: MIT */
/* The store process, as main sees it. */
#ifndef CRASHD_ARCHIVE_H
#define CRASHD_ARCHIVE_H

#include <jansson.h>

#include "crashd/daemon.h"

int archive_new(struct daemon *daemon, struct archive **ret);
/* Lets the store work off what it was given, and waits for its end. */
struct archive *archive_free(struct archive *archive);

void archive_captured(struct archive *archive, const char *id);
/* result: the worker's, which main does not look into. */
void archive_result(struct archive *archive, const char *id, json_t *destination, int result);
/* What was captured as crash copy was a process that passed on the death of crash id. */
void archive_copied(struct archive *archive, const char *id, const char *copy, const char *name,
                    int64_t pid);
/* Sets a captured crash aside. */
void archive_fail(struct archive *archive, const char *id, const char *why);
/* What the network process says about a delivery. */
void archive_delivery(struct archive *archive, const json_t *message);

#endif
