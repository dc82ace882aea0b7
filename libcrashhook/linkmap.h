/* SPDX-License-Identifier: MIT */
/* The mappings as the dynamic linker knows them, for processes without /proc. */
#ifndef LIBCRASHHOOK_LINKMAP_H
#define LIBCRASHHOOK_LINKMAP_H

#include "libcrashhook/maps.h"
#include "libcrashhook/memory.h"

/* Async-signal-safe. Leaves the list partial: there are no stacks and no heap in it. */
void linkmap_read(struct maps *maps, struct arena *arena, struct memory *memory);

#endif
