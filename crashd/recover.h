/* SPDX-License-Identifier: MIT */
/* The spool after an end of any kind. */
#ifndef CRASHD_RECOVER_H
#define CRASHD_RECOVER_H

#include "crashd/spool.h"

/*
 * Finishes or removes what was being received and sets aside what is damaged, each with a log
 * line. Nobody else may use the spool meanwhile.
 */
void spool_recover(const struct spool *spool);

#endif
