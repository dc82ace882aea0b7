/* SPDX-License-Identifier: MIT */
/*
 * A thread may stop for good at any instruction here, because another one crashes or it crashes
 * itself: what is written is never what is read. Async-signal-safe, no locks: who finds somebody
 * else at the same entry gives up.
 */
#include "libcrashhook/scope.h"

#include <time.h>

#include "libcrashhook/hook.h"
#include "libcrashhook/syscalls.h"
#include "libcrashhook/text.h"

struct scope scope APART;

static const struct {
    unsigned first, count;
} RANGES[] = {
    [CRASHHOOK_RELEASE] = {0, 1},
    [CRASHHOOK_ENVIRONMENT] = {1, 1},
    [CRASHHOOK_USER] = {2, CRASHHOOK_USER_FIELDS},
    [CRASHHOOK_TAG] = {2 + CRASHHOOK_USER_FIELDS, CRASHHOOK_TAGS},
    [CRASHHOOK_CONTEXT] = {2 + CRASHHOOK_USER_FIELDS + CRASHHOOK_TAGS, CRASHHOOK_CONTEXT_FIELDS},
};

/* How much of the text fits, no character cut in two. */
static size_t fitting(const char *text, size_t most) {
    size_t length = text_length_max(text, most + 1);

    if (length <= most)
        return length;
    length = most;
    while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80)
        length--;
    return length;
}

static void put(char *to, size_t size, const char *text) {
    size_t length = text != NULL ? fitting(text, size - 1) : 0;

    text_copy(to, text, length);
    to[length] = '\0';
}

/* As put() would have left it. */
static bool is_kept_as(const char *kept, size_t size, const char *text) {
    size_t length = text != NULL ? fitting(text, size - 1) : 0;

    return text_same_bytes(kept, text, length) && kept[length] == '\0';
}

static struct scope_entry *find_entry(unsigned what, const char *context, const char *name) {
    for (unsigned i = 0; i < RANGES[what].count; i++) {
        struct scope_entry *entry = &scope.entries[RANGES[what].first + i];
        if (atomic_load(&entry->state) == SCOPE_READY &&
            is_kept_as(entry->name, sizeof entry->name, name) &&
            is_kept_as(entry->context, sizeof entry->context, context))
            return entry;
    }
    return NULL;
}

static struct scope_entry *take_entry(unsigned what, const char *context, const char *name) {
    for (unsigned i = 0; i < RANGES[what].count; i++) {
        struct scope_entry *entry = &scope.entries[RANGES[what].first + i];
        unsigned expected = SCOPE_FREE;
        if (!atomic_compare_exchange_strong(&entry->state, &expected, SCOPE_TAKEN))
            continue;
        entry->what = what;
        put(entry->context, sizeof entry->context, context);
        put(entry->name, sizeof entry->name, name);
        atomic_store(&entry->state, SCOPE_READY);
        /* Another thread may have made the same one meanwhile; the first one counts. */
        return find_entry(what, context, name);
    }
    return NULL;
}

static int set(int what, const char *context, const char *name, const char *value) {
    bool named = what != CRASHHOOK_RELEASE && what != CRASHHOOK_ENVIRONMENT;
    struct scope_entry *entry;
    unsigned next;

    if (what < CRASHHOOK_RELEASE || what > CRASHHOOK_CONTEXT ||
        (named && (name == NULL || *name == '\0')) ||
        (what == CRASHHOOK_CONTEXT && (context == NULL || *context == '\0')))
        return -1;
    atomic_store(&scope.used, true);
    entry = find_entry((unsigned)what, context, name);
    if (entry == NULL && value == NULL)
        return 0;
    if (entry == NULL)
        entry = take_entry((unsigned)what, context, name);
    if (entry == NULL || atomic_flag_test_and_set(&entry->busy))
        return -1;
    next = atomic_load(&entry->current) == 1 ? 2 : 1;
    if (value != NULL)
        put(entry->values[next - 1], SCOPE_VALUE_SIZE, value);
    atomic_store(&entry->current, value != NULL ? next : 0);
    atomic_flag_clear(&entry->busy);
    return 0;
}

static int set_fingerprint(const char *const *parts) {
    unsigned next, n = 0;

    atomic_store(&scope.used, true);
    if (atomic_flag_test_and_set(&scope.fingerprint.busy))
        return -1;
    next = atomic_load(&scope.fingerprint.current) == 1 ? 2 : 1;
    for (; parts != NULL && parts[n] != NULL && n < CRASHHOOK_FINGERPRINT_PARTS; n++)
        put(scope.fingerprint.parts[next - 1][n], CRASHHOOK_PART_MAX + 1, parts[n]);
    for (unsigned i = n; i < CRASHHOOK_FINGERPRINT_PARTS; i++)
        scope.fingerprint.parts[next - 1][i][0] = '\0';
    atomic_store(&scope.fingerprint.current, n > 0 ? next : 0);
    atomic_flag_clear(&scope.fingerprint.busy);
    return 0;
}

/* Whole pairs, as many as fit. */
static void put_data(struct scope_breadcrumb *crumb, const char *const *data) {
    size_t used = 0;

    crumb->pairs = 0;
    for (; data != NULL && data[0] != NULL && data[1] != NULL; data += 2) {
        size_t room = sizeof crumb->data - used;
        size_t name = text_length_max(data[0], room), value = text_length_max(data[1], room);
        if (name + value + 2 > room)
            return;
        put(crumb->data + used, name + 1, data[0]);
        put(crumb->data + used + name + 1, value + 1, data[1]);
        used += name + value + 2;
        crumb->pairs++;
    }
}

static int add_breadcrumb(int level, const char *category, const char *message,
                          const char *const *data) {
    struct scope_breadcrumb *crumb;
    struct timespec now = {0};
    uint64_t number, state;

    if (message == NULL)
        return -1;
    atomic_store(&scope.used, true);
    number = atomic_fetch_add(&scope.breadcrumbs, 1) + 1;
    crumb = &scope.ring[number % CRASHHOOK_BREADCRUMBS];
    /* Odd: somebody has not come to the end of it since the ring was last round. */
    state = atomic_load(&crumb->state);
    if ((state & 1) != 0 || state > number * 2 ||
        !atomic_compare_exchange_strong(&crumb->state, &state, number * 2 - 1))
        return -1;
    sys(SYS_clock_gettime, CLOCK_REALTIME, &now);
    crumb->time = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
    crumb->level = level;
    put(crumb->category, sizeof crumb->category, category);
    put(crumb->message, sizeof crumb->message, message);
    put_data(crumb, data);
    atomic_store(&crumb->state, number * 2);
    return 0;
}

static const struct crashhook_api API = {
    .version = CRASHHOOK_VERSION,
    .size = sizeof API,
    .breadcrumb = add_breadcrumb,
    .set = set,
    .fingerprint = set_fingerprint,
};

EXPORT const struct crashhook_api *crashhook_get_api(unsigned version);
EXPORT const struct crashhook_api *crashhook_get_api(unsigned version) {
    hook_start();
    return hook_settings.active && version >= 1 ? &API : NULL;
}

bool scope_answer_door(void *address, size_t size, int advice) {
    struct crashhook_door *door = address;

    if (advice != CRASHHOOK_DOOR || size < sizeof *door || !text_equal(door->magic, "crashhook.h"))
        return false;
    door->api = crashhook_get_api(door->version);
    return door->api != NULL;
}
