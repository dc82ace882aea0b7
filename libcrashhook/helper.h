/* SPDX-License-Identifier: MIT */
/* Runs the capture in a process of its own, so that whatever happens to it happens to it alone. */
#ifndef LIBCRASHHOOK_HELPER_H
#define LIBCRASHHOOK_HELPER_H

#include "libcrashhook/handler.h"

struct report_request {
    const struct cause *cause;
    bool cause_first;
    int final_signal;
    int tid;
    bool vfork_child;
    bool sanitizer; /* there was no signal: a sanitizer's runtime has found something */
    bool goes_on;   /* and the program lives: nobody is stopped for good, nothing is left behind */
    bool handled;   /* the program ends itself, with exit_status */
    int exit_status;
};

/* Comes back when the report is made, or cannot be. Async-signal-safe. */
void helper_report(const struct report_request *request);

#endif
