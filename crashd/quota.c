/* SPDX-License-Identifier: MIT */
#include "crashd/quota.h"

#include <stdatomic.h>
#include <sys/mman.h>

/* A slot is 0 when free, 1 while accepting, uid + 2 while serving. */
struct quota {
    _Atomic uint64_t slots[QUOTA_SLOTS];
    _Atomic uint32_t waiting[QUOTA_SLOTS];
    size_t per_uid;
};

struct quota *quota_new(size_t per_uid) {
    struct quota *p =
        mmap(NULL, sizeof(struct quota), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        return NULL;
    p->per_uid = per_uid;
    return p;
}

void quota_accepting(struct quota *quota, size_t slot) {
    atomic_store(&quota->slots[slot], 1);
}

bool quota_take(struct quota *quota, size_t slot, uint32_t uid) {
    uint64_t mine = (uint64_t)uid + 2;
    size_t held = 0;
    atomic_store(&quota->slots[slot], mine);
    for (size_t i = 0; i < QUOTA_SLOTS; i++)
        held += atomic_load(&quota->slots[i]) == mine;
    if (uid < 1000 || held <= quota->per_uid)
        return true;
    /* Those who ask at the same moment must not count each other. */
    atomic_store(&quota->slots[slot], 1);
    return false;
}

void quota_release(struct quota *quota, size_t slot) {
    atomic_store(&quota->slots[slot], 0);
}

void quota_waiting(struct quota *quota, size_t slot, size_t clients) {
    atomic_store(&quota->waiting[slot], (uint32_t)clients);
}

size_t quota_busy(const struct quota *quota) {
    size_t busy = 0;
    for (size_t i = 0; i < QUOTA_SLOTS; i++)
        busy += (atomic_load(&quota->slots[i]) != 0) + atomic_load(&quota->waiting[i]);
    return busy;
}
