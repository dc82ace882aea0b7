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

enum { CHUNK = 4096, READ_MANY_MAX = 64, SMALL_READ = 256, ARENA_FOR_PAGES = 512 * 1024 };

static const uint64_t NO_PAGE = 1;

void memory_init(struct memory *memory, struct arena *arena) {
    *memory = (struct memory){.pid = sandbox_pid()};
    if (arena->left < ARENA_FOR_PAGES)
        return;
    memory->pages = arena_take(arena, MEMORY_PAGES * sizeof *memory->pages);
    for (size_t i = 0; i < MEMORY_PAGES; i++)
        memory->addresses[i] = NO_PAGE;
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

/* The system call stops at the first piece that it cannot read: on with the one behind it. */
void memory_read_many(struct memory *memory, const uint64_t *addresses, size_t count, uint8_t *to,
                      size_t size, bool *read) {
    struct iovec remote[READ_MANY_MAX];

    for (size_t done = 0; done < count;) {
        size_t part = count - done < READ_MANY_MAX ? count - done : READ_MANY_MAX, whole;
        const struct iovec local = {.iov_base = to + done * size, .iov_len = part * size};
        long got = -ENOSYS;
        for (size_t i = 0; i < part; i++)
            remote[i] = (struct iovec){.iov_base = (void *)addresses[done + i], .iov_len = size};
        if (!memory->by_pipe)
            got = sys(SYS_process_vm_readv, memory->pid, &local, 1, remote, part, 0);
        whole = got > 0 ? (size_t)got / size : 0;
        for (size_t i = 0; i < whole; i++)
            read[done++] = true;
        if (whole < part) {
            read[done] = memory_read(memory, addresses[done], to + done * size, size) == size;
            done++;
        }
    }
}

/* A list or a string costs one system call for its page, not one for each word. */
static const uint8_t *cached_page(struct memory *memory, uint64_t address) {
    uint64_t start = address & ~(uint64_t)(MEMORY_PAGE_SIZE - 1);
    size_t slot = start / MEMORY_PAGE_SIZE % MEMORY_PAGES;

    if (memory->addresses[slot] != start) {
        memory->addresses[slot] = NO_PAGE;
        if (read_directly(memory, start, memory->pages[slot], MEMORY_PAGE_SIZE) != MEMORY_PAGE_SIZE)
            return NULL;
        memory->addresses[slot] = start;
    }
    return memory->pages[slot];
}

size_t memory_read(struct memory *memory, uint64_t address, void *to, size_t size) {
    size_t at = address % MEMORY_PAGE_SIZE;
    const uint8_t *page;

    if (memory->direct) {
        text_copy(to, (const void *)address, size);
        return size;
    }
    if (memory->pages == NULL || size > SMALL_READ || at + size > MEMORY_PAGE_SIZE)
        return read_directly(memory, address, to, size);
    page = cached_page(memory, address);
    if (page == NULL)
        return 0;
    text_copy(to, page + at, size);
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
