/* SPDX-License-Identifier: MIT */
/* An entry of incoming/ that is made before a crash comes: making it is no part of the pause. */
#ifndef CRASHD_ENTRY_H
#define CRASHD_ENTRY_H

#include <jansson.h>

#include <stdint.h>

#include "crashd/spool.h"

struct entry {
    char id[SPOOL_ID_SIZE];
    int directory, snapshot, facts; /* all -1 where there is none */
};

void entry_init(struct entry *entry);
/* Makes one unless it is there already; 0 or negative errno. */
int entry_prepare(const struct spool *spool, struct entry *entry);
/* Replaces what was written of them before. */
int entry_write_facts(struct entry *entry, const json_t *facts);
/* Afterwards it is in captured/, its descriptors still open. */
int entry_publish(const struct spool *spool, struct entry *entry);
/* Forgets it, where it is. */
void entry_close(struct entry *entry);
void entry_remove(const struct spool *spool, struct entry *entry);

#endif
