/* SPDX-License-Identifier: MIT */
/* What the program has told about itself through crashhook.h. */
#ifndef LIBCRASHHOOK_SCOPE_H
#define LIBCRASHHOOK_SCOPE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "libcrashhook/crashhook.h"

struct capture;

enum {
    SCOPE_NAME_SIZE = CRASHHOOK_NAME_MAX + 1,
    SCOPE_VALUE_SIZE = CRASHHOOK_VALUE_MAX + 1,
    SCOPE_ENTRIES = 2 + CRASHHOOK_USER_FIELDS + CRASHHOOK_TAGS + CRASHHOOK_CONTEXT_FIELDS,
};

/* One is written while the other one is what counts: 1 or 2, 0 for none. */
struct scope_entry {
    atomic_uint state; /* enum scope_state */
    atomic_uint current;
    atomic_flag busy;
    unsigned what;
    char context[SCOPE_NAME_SIZE], name[SCOPE_NAME_SIZE];
    char values[2][SCOPE_VALUE_SIZE];
};
enum scope_state { SCOPE_FREE, SCOPE_TAKEN, SCOPE_READY };

struct scope_breadcrumb {
    _Atomic uint64_t state; /* twice its number from 1 on; less 1 while it is written */
    uint64_t time;
    int level;
    unsigned pairs;
    char category[CRASHHOOK_CATEGORY_MAX + 1];
    char message[CRASHHOOK_MESSAGE_MAX + 1];
    char data[CRASHHOOK_DATA_MAX + 1];
};

/* All zero, and no page of it there, until the program says something. */
struct scope {
    atomic_bool used;
    _Atomic uint64_t breadcrumbs; /* so many there have been */
    struct {
        atomic_flag busy;
        atomic_uint current;
        char parts[2][CRASHHOOK_FINGERPRINT_PARTS][CRASHHOOK_PART_MAX + 1];
    } fingerprint;
    struct scope_entry entries[SCOPE_ENTRIES];
    struct scope_breadcrumb ring[CRASHHOOK_BREADCRUMBS];
};
extern struct scope scope;

/* In madvise(): is it the door of crashhook.h? Then it is answered. */
bool scope_answer_door(void *address, size_t size, int advice);
/* In the dying process. Async-signal-safe, as all of it. */
void scope_write(struct capture *capture);

#endif
