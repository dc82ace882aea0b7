/* SPDX-License-Identifier: MIT */
/* Which state directory is meant. */
#ifndef CONTROL_STATEPATH_H
#define CONTROL_STATEPATH_H

/* option (--state-dir, may be NULL), else CRASHD_STATE_DIR, else for root /var/lib/crashd, else
 * ${XDG_STATE_HOME:-~/.local/state}/crashd. malloc'ed, NULL if no memory. */
char *statepath_resolve(const char *option);

#endif
