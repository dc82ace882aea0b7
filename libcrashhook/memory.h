/* SPDX-License-Identifier: MIT */
/* Reads that cannot fault: the memory of a dying process is not to be trusted. */
#ifndef LIBCRASHHOOK_MEMORY_H
#define LIBCRASHHOOK_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MEMORY_PAGES = 8, MEMORY_PAGE_SIZE = 4096 };

struct memory {
    /* For small reads, as the process stands still; NULL for none. */
    uint8_t (*pages)[MEMORY_PAGE_SIZE];
    uint64_t addresses[MEMORY_PAGES]; /* of these */
    int pid;
    bool direct;  /* of a healthy process: loads, no system calls */
    bool by_pipe; /* process_vm_readv() is forbidden here */
    bool has_pipe;
    int pipe[2];
};

struct arena;
void memory_init(struct memory *memory, struct arena *arena);
/* Bytes read from the start on; stops at the first page that is not there. Async-signal-safe. */
size_t memory_read(struct memory *memory, uint64_t address, void *to, size_t size);
/* Pieces of one size from many places; read says which could be read. */
void memory_read_many(struct memory *memory, const uint64_t *addresses, size_t count, uint8_t *to,
                      size_t size, bool *read);
bool memory_read_all(struct memory *memory, uint64_t address, void *to, size_t size);
bool memory_word(struct memory *memory, uint64_t address, uint64_t *word);
/* A string, cut at size - 1 bytes; its length, 0 also when it cannot be read. */
size_t memory_string(struct memory *memory, uint64_t address, char *to, size_t size);

#endif
