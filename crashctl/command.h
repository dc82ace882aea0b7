/* SPDX-License-Identifier: MIT */
/* The command that crashctl run runs. */
#ifndef CRASHCTL_COMMAND_H
#define CRASHCTL_COMMAND_H

#include <signal.h>
#include <sys/types.h>

/* Starts argv with the hook in front of the whole process tree; directory as private_daemon's.
 * The child's mask is mask. *status is 126 or 127 when it could not be executed (said on stderr).
 * The pid, or negative errno. */
pid_t command_start(char **argv, const char *directory, const char *run_id, const sigset_t *mask,
                    int *status);

/* Ends this process as waitpid(2)'s status says the command ended: the same code, or the same
 * signal, without a core. Does not return. */
_Noreturn void command_end_as(int status);

#endif
