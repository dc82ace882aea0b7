/* SPDX-License-Identifier: MIT */
/* Memory that the program wants in no dump: keys, passwords. */
#ifndef LIBCRASHHOOK_DONTDUMP_H
#define LIBCRASHHOOK_DONTDUMP_H

#include <stdbool.h>
#include <stdint.h>

/* Async-signal-safe. Is any of [address, address + size) not to be read? */
bool dontdump_covers(uint64_t address, uint64_t size);
/* The same, when there have been too many to know: yes. */
bool dontdump_may_cover(uint64_t address, uint64_t size);

#endif
