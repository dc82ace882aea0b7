/* SPDX-License-Identifier: MIT */
/* The verbs of crashctl, one file each. argv[0] is the verb. They return the exit status. */
#ifndef CRASHCTL_VERBS_H
#define CRASHCTL_VERBS_H

enum {
    EXIT_OK = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_NO_SUCH_ID = 3,
    /* crashctl run, as env(1) and timeout(1) have it */
    EXIT_RUN_FAILED = 125,
    EXIT_RUN_NOT_EXECUTABLE = 126,
    EXIT_RUN_NOT_FOUND = 127,
};

int verb_run(int argc, char **argv);
int verb_list(int argc, char **argv);
int verb_show(int argc, char **argv);
int verb_status(int argc, char **argv);
int verb_index(int argc, char **argv);
int verb_gc(int argc, char **argv);
int verb_symbolize(int argc, char **argv);

#endif
