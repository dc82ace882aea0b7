/* SPDX-License-Identifier: MIT */
/* Async-signal-safe. */
#include "libcrashhook/storm.h"

#include "libcrashhook/capture.h"
#include "libcrashhook/sanitizer.h"
#include "libcrashhook/stacks.h"

enum { WORDS = 256, FRAMES = 4 };

static const uint64_t FNV_START = 0xcbf29ce484222325, FNV_PRIME = 0x100000001b3;

static uint64_t add_bytes(uint64_t key, const void *bytes, size_t size) {
    for (size_t i = 0; i < size; i++)
        key = (key ^ ((const uint8_t *)bytes)[i]) * FNV_PRIME;
    return key;
}

/* Addresses as build-id and offset, which are the same in every process. */
static bool add_code(struct capture *capture, uint64_t address, uint64_t *key) {
    const struct mapping *mapping = maps_find(&capture->maps, address);
    const struct module *module;
    uint64_t offset;

    if (mapping == NULL || (mapping->prot & SNAPSHOT_PROT_EXEC) == 0)
        return false;
    module = modules_identify(&capture->modules, &capture->memory, address);
    if (module == NULL)
        return false;
    offset = address - module->bias;
    *key = add_bytes(*key, module->build_id, module->build_id_size);
    *key = add_bytes(*key, &offset, sizeof offset);
    return true;
}

uint64_t storm_key(struct capture *capture) {
    const struct cause *cause = capture->request.cause;
    uint64_t *words = (uint64_t *)capture->scratch;
    uint64_t key = add_bytes(FNV_START, &cause->info.si_signo, sizeof cause->info.si_signo);
    uint64_t sp = stacks_readable_sp(capture, cause->registers[SNAPSHOT_REGISTER_RSP]);
    size_t count, found = 0;

    /* The newest code is the runtime's, in all of its reports. */
    if (capture->request.sanitizer) {
        size_t length;
        const char *same = sanitizer_key(&length);
        return add_bytes(key, same, length);
    }
    add_code(capture, cause->registers[SNAPSHOT_REGISTER_RIP], &key);
    count = memory_read(&capture->memory, sp & ~(uint64_t)7, words, WORDS * sizeof *words);
    for (size_t i = 0; i < count / sizeof *words && found < FRAMES; i++)
        found += add_code(capture, words[i], &key);
    return key;
}
