/* SPDX-License-Identifier: MIT */
/* A stack for each thread to die on: that of a thread that overflowed has no room for a handler. */
#ifndef LIBCRASHHOOK_ALTSTACK_H
#define LIBCRASHHOOK_ALTSTACK_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

size_t altstack_mapping_size(void);
/* The main thread's, in memory of altstack_mapping_size() bytes that is already mapped. */
void altstack_adopt(void *mapping);

/* sigaltstack(), for ourselves. */
int altstack_set(const stack_t *wanted, stack_t *old) __attribute__((nothrow, leaf));

/* For a thread that has just started; NULL when there is no memory. */
void *altstack_take(void);
void altstack_install(void *mapping);
/* For one that ends. */
void altstack_give_back(void *mapping);

/* Before abort(): a program may have unmapped its own stack and left it set. Nobody needs it as
 * long as the default action stands, but the kernel kills, by SIGSEGV, where it would call us
 * there. */
void altstack_forget_unmapped(void);

/* Async-signal-safe. Does this address lie on the thread's hidden stack? */
bool altstack_is_hidden(uint64_t address);

#endif
