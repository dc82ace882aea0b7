/* SPDX-License-Identifier: MIT */
/* A receiver process: one client at a time. */
#ifndef CRASHD_RECEIVER_H
#define CRASHD_RECEIVER_H

#include "crashd/intake.h"

struct receiver_options {
    struct intake intake;
    int listener, abstract; /* -1: no abstract one */
    int lock;               /* kept open: the state directory is in use as long as we live */
    const char *drop_dir;   /* NULL: none */
};

/* In a forked child: serves until main says "stop" or is gone. */
_Noreturn void receiver_run(const struct receiver_options *options);

#endif
