/* SPDX-License-Identifier: MIT */
/*
 * Which of the program's handlers are running in this thread, and for which fault. A record lies on
 * the stack for as long as its handler runs; one that the handler has left for good must never be
 * taken for the cause of a later death.
 */
#ifndef LIBCRASHHOOK_RECORDS_H
#define LIBCRASHHOOK_RECORDS_H

#include <stdbool.h>
#include <stdint.h>
#include <ucontext.h>

#include "libcrashhook/handler.h"

struct cause_record {
    uint64_t begin_mark;
    struct cause_record *previous;
    int signal;
    bool deferred;    /* the signal came again, and was held back */
    uint64_t blocks;  /* synchronous signals that the kernel would hold back while it runs */
    uint64_t blocked; /* what the program had blocked before, and has again when it returns */
    uint64_t altstack, altstack_size;
    struct cause cause;
    uint64_t end_mark;
};

/* All of this is async-signal-safe, and for the calling thread. */

void records_push(struct cause_record *record, const ucontext_t *context);
void records_pop(struct cause_record *record);
/* The innermost record whose handler is still running, seen from a frame at sp. */
struct cause_record *records_live(uint64_t sp);
/* The copy of one whose handler has run over the lower end of its alternate stack, and faulted with
 * the stack pointer at sp; NULL if none has. To be asked before records_live(), which forgets. */
struct cause_record *records_overrun(uint64_t sp, const siginfo_t *info);
/* The same as records_live(), seen from the caller. */
struct cause_record *records_own(void);
/* The one from there outwards that tells why a process ends that now ends of a signal with this
 * siginfo; NULL when that tells it itself. */
struct cause_record *records_first(struct cause_record *innermost, const siginfo_t *final);

/* Synchronous signals that the kernel would hold back now. */
uint64_t records_blocked(struct cause_record *innermost);
/* The program has allowed them in its handler. */
void records_unblock(uint64_t signals);

/* The program jumps to a frame at sp, with the mask that it had there, or with that of now. */
void records_leave(uint64_t sp, bool mask_restored);
/* A context of its own begins or goes on, on another stack. */
void records_abandon(void);

#endif
