/* SPDX-License-Identifier: MIT */
/* Runs that had to keep their crashes apart, because another daemon held the state directory. */
#ifndef CRASHD_RUNS_H
#define CRASHD_RUNS_H

#include "crashd/spool.h"

/* Takes the crashes of runs that have ended into this spool, so that what they could not send is
 * sent, and removes their directories. */
void runs_adopt(const struct spool *spool);

#endif
