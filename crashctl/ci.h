/* SPDX-License-Identifier: MIT */
/* What a CI system tells its jobs in environment variables, and git where it tells nothing. */
#ifndef CRASHCTL_CI_H
#define CRASHCTL_CI_H

#include <stdbool.h>

/* Strings are malloc'ed, NULL where unknown. */
struct ci {
    bool present; /* this is a CI job */
    char *repository, *commit, *branch, *job, *url;
};

void ci_detect(struct ci *ci);
void ci_clear(struct ci *ci);

/* "repository@commit", malloc'ed; NULL if the commit is unknown. */
char *ci_release(const struct ci *ci);

#endif
