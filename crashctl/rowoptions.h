/* SPDX-License-Identifier: MIT */
/* The options that list, show and status share. */
#ifndef CRASHCTL_ROWOPTIONS_H
#define CRASHCTL_ROWOPTIONS_H

#include <stdbool.h>

struct rowoptions {
    bool json;
    bool event; /* show alone */
    const char *state_dir;
};

enum { ROWOPTIONS_GO_ON = -1 };

/* ROWOPTIONS_GO_ON, or the exit status: help was printed, or the usage is wrong. */
int rowoptions_parse(int argc, char **argv, const char *help, bool event_allowed,
                     struct rowoptions *ret);

#endif
