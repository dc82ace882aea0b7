/* SPDX-License-Identifier: MIT */
/*
 * Async-signal-safe: process_vm_readv() on ourselves gives EFAULT where a load would fault. Where
 * it is forbidden, write() into a pipe does the same.
 */
#include "libcrashhook/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/uio.h>

#include "libcrashhook/arena.h"
#include "libcrashhook/syscalls.h"
#include "libcrashhook/text.h"

enum { CHUNK = 4096, SMALL_READ = 256, ARENA_FOR_PAGES = 512 * 1024 };

static const uint64_t NO_PAGE = 1;

void memory_init(struct memory *memory, struct arena *arena) {
    *memory = (struct memory){.pid = (int)sys(SYS_getpid)};
    if (arena->left < ARENA_FOR_PAGES)
        return;
    memory->pages = arena_take(arena, MEMORY_PAGES * sizeof *memory->pages);
    for (size_t i = 0; memory->pages != NULL && i < MEMORY_PAGES; i++)
        memory->pages[i].address = NO_PAGE;
}

static size_t read_by_pipe(struct memory *memory, uint64_t address, uint8_t *to, size_t size) {
    size_t done = 0;

    if (!memory->has_pipe) {
        if (sys(SYS_pipe2, memory->pipe, O_CLOEXEC | O_NONBLOCK) < 0)
            return 0;
        memory->has_pipe = true;
    }
    while (done < size) {
        size_t part = CHUNK - (address + done) % CHUNK;
        long written, got;
        if (part > size - done)
            part = size - done;
        written = sys(SYS_write, memory->pipe[1], address + done, part);
        if (written <= 0)
            break;
        got = sys(SYS_read, memory->pipe[0], to + done, written);
        if (got <= 0)
            break;
        done += (size_t)got;
        if ((size_t)got < part)
            break;
    }
    return done;
}

static size_t read_directly(struct memory *memory, uint64_t address, void *to, size_t size) {
    const struct iovec local = {.iov_base = to, .iov_len = size};
    const struct iovec remote = {.iov_base = (void *)address, .iov_len = size};
    long got;

    if (size == 0 || address + size < address)
        return 0;
    if (!memory->by_pipe) {
        got = sys(SYS_process_vm_readv, memory->pid, &local, 1, &remote, 1, 0);
        if (got >= 0)
            return (size_t)got;
        if (got == -EFAULT)
            return 0;
        memory->by_pipe = true;
    }
    return read_by_pipe(memory, address, to, size);
}

/* A list or a string costs one system call for its page, not one for each word. */
static const struct memory_page *cached_page(struct memory *memory, uint64_t address) {
    uint64_t start = address & ~(uint64_t)(MEMORY_PAGE_SIZE - 1);
    struct memory_page *page = &memory->pages[start / MEMORY_PAGE_SIZE % MEMORY_PAGES];

    if (page->address != start) {
        page->address = NO_PAGE;
        if (read_directly(memory, start, page->bytes, MEMORY_PAGE_SIZE) != MEMORY_PAGE_SIZE)
            return NULL;
        page->address = start;
    }
    return page;
}

size_t memory_read(struct memory *memory, uint64_t address, void *to, size_t size) {
    size_t at = address % MEMORY_PAGE_SIZE;
    const struct memory_page *page;

    if (memory->direct) {
        text_copy(to, (const void *)address, size);
        return size;
    }
    if (memory->pages == NULL || size > SMALL_READ || at + size > MEMORY_PAGE_SIZE)
        return read_directly(memory, address, to, size);
    page = cached_page(memory, address);
    if (page == NULL)
        return 0;
    text_copy(to, page->bytes + at, size);
    return size;
}

bool memory_read_all(struct memory *memory, uint64_t address, void *to, size_t size) {
    return memory_read(memory, address, to, size) == size;
}

bool memory_word(struct memory *memory, uint64_t address, uint64_t *word) {
    return memory_read_all(memory, address, word, sizeof *word);
}

size_t memory_string(struct memory *memory, uint64_t address, char *to, size_t size) {
    size_t got = memory->direct ? text_length_max((const char *)address, size - 1) : size - 1;

    got = memory_read(memory, address, to, got);

    to[got] = '\0';
    return text_length(to);
}
