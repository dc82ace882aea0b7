/* SPDX-License-Identifier: MIT */
/* A crashd of one's own, for as long as a command runs. */
#ifndef CRASHCTL_PRIVATE_DAEMON_H
#define CRASHCTL_PRIVATE_DAEMON_H

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

#include "crashctl/ci.h"

struct private_daemon_options {
    const char *directory; /* short and ours: socket, drop directory, count of programs */
    const char *run_id, *dsn, *state_dir, *config, *work_directory;
    const char *const *source_maps; /* FROM=TO */
    size_t n_source_maps;
    const struct ci *ci;
};

struct private_daemon {
    pid_t pid;
    int notify; /* SEQPACKET: control/control.h */
    int log;    /* the daemon's stderr */
};

/* Returns when the daemon accepts connections. 0 or negative errno, said on stderr. */
int private_daemon_start(const struct private_daemon_options *options, struct private_daemon *ret);
/* Forwards what the daemon wrote to its log, a whole line at a time. */
void private_daemon_forward_log(struct private_daemon *daemon);
/* A request without members, by its type. */
int private_daemon_ask(struct private_daemon *daemon, const char *type);
/* A message that has come: a new reference; NULL if there is none. *ended is set when the daemon is
 * gone. */
json_t *private_daemon_receive(struct private_daemon *daemon, bool *ended);
/* Ends it and waits. */
void private_daemon_stop(struct private_daemon *daemon);

#endif
