/* SPDX-License-Identifier: MIT */
/*
 * What a program may tell crashd about itself, for the case that it crashes. C99, C++98 and later;
 * header only: nothing to link. Without libcrashhook in the process every call costs a look at a
 * variable and does nothing; so it is in static programs.
 *
 * All calls copy what they are given into memory that the library has set aside. They take no
 * locks, never wait and never allocate; any thread may call them, signal handlers too. What is
 * longer than its bound is cut, what is one too many is refused, but for breadcrumbs, of which the
 * newest are kept. They return 0, or -1 if nothing was kept: no library, no room, or another thread
 * was at that very moment setting the same thing.
 *
 * Everything given here is sent with the report of a crash, secrets taken out as everywhere; do not
 * give what must not leave the machine.
 */
#ifndef CRASHHOOK_H
#define CRASHHOOK_H

#include <errno.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    CRASHHOOK_VERSION = 1,
    /* How many are kept. */
    CRASHHOOK_BREADCRUMBS = 100,
    CRASHHOOK_TAGS = 64,
    CRASHHOOK_USER_FIELDS = 16,
    CRASHHOOK_CONTEXT_FIELDS = 64, /* of all contexts together */
    CRASHHOOK_FINGERPRINT_PARTS = 8,
    /* How long, in bytes. */
    CRASHHOOK_NAME_MAX = 63,
    CRASHHOOK_VALUE_MAX = 255,
    CRASHHOOK_CATEGORY_MAX = 31,
    CRASHHOOK_MESSAGE_MAX = 255,
    CRASHHOOK_DATA_MAX = 191, /* names and values of a breadcrumb, with a NUL for each */
    CRASHHOOK_PART_MAX = 127
};

enum crashhook_level {
    CRASHHOOK_DEBUG = 1,
    CRASHHOOK_INFO,
    CRASHHOOK_WARNING,
    CRASHHOOK_ERROR,
    CRASHHOOK_FATAL
};

enum crashhook_what {
    CRASHHOOK_RELEASE = 1,
    CRASHHOOK_ENVIRONMENT,
    CRASHHOOK_USER,
    CRASHHOOK_TAG,
    CRASHHOOK_CONTEXT
};

/* What the functions below call. Members are only ever added, at the end. Other languages get it by
 * dlsym(RTLD_DEFAULT, "crashhook_get_api")(CRASHHOOK_VERSION). */
struct crashhook_api {
    unsigned version, size;
    int (*breadcrumb)(int level, const char *category, const char *message,
                      const char *const *data);
    int (*set)(int what, const char *context, const char *name, const char *value);
    int (*fingerprint)(const char *const *parts);
};

/*
 * The door to the library: a call that all programs can link, and that the kernel refuses. Neither
 * a weak reference (the linker makes it 0 under -no-pie) nor dlsym() (another library to link on
 * older systems) would do.
 */
struct crashhook_door {
    char magic[16];
    unsigned version;
    const struct crashhook_api *api;
};
enum { CRASHHOOK_DOOR = 0x63726864 };
int crashhook_knock_(void *door, size_t size, int advice) __asm__("madvise");

static inline const struct crashhook_api *crashhook_find_(void) {
    static const struct crashhook_api *api;
    static int asked;

    if (!__atomic_load_n(&asked, __ATOMIC_ACQUIRE)) {
        struct crashhook_door door = {"crashhook.h", CRASHHOOK_VERSION, NULL};
        int before = errno;
        if (crashhook_knock_(&door, sizeof door, CRASHHOOK_DOOR) == 0)
            __atomic_store_n(&api, door.api, __ATOMIC_RELAXED);
        errno = before;
        __atomic_store_n(&asked, 1, __ATOMIC_RELEASE);
    }
    return __atomic_load_n(&api, __ATOMIC_RELAXED);
}

static inline int crashhook_set_(int what, const char *context, const char *name,
                                 const char *value) {
    const struct crashhook_api *api = crashhook_find_();

    return api ? api->set(what, context, name, value) : -1;
}

/* Is there anybody to tell? For programs to which the text itself is costly to make. */
static inline int crashhook_is_there(void) {
    return crashhook_find_() != NULL;
}

/* Something happened. category ("db", "http", ...) and data may be NULL; data is name, value, name,
 * value, ..., NULL. */
static inline int crashhook_breadcrumb_with(enum crashhook_level level, const char *category,
                                            const char *message, const char *const *data) {
    const struct crashhook_api *api = crashhook_find_();

    return api ? api->breadcrumb((int)level, category, message, data) : -1;
}

static inline int crashhook_breadcrumb(enum crashhook_level level, const char *category,
                                       const char *message) {
    return crashhook_breadcrumb_with(level, category, message, NULL);
}

/* The following replace what was set before under that name; the value NULL takes it away. */

/* Words to search for. Wins over a tag that crashd makes, but not over one that is configured. */
static inline int crashhook_set_tag(const char *name, const char *value) {
    return crashhook_set_(CRASHHOOK_TAG, NULL, name, value);
}

/* For whom the program was at work: "id", "username", "email", "ip_address", or what you like. */
static inline int crashhook_set_user(const char *name, const char *value) {
    return crashhook_set_(CRASHHOOK_USER, NULL, name, value);
}

/* Facts under a heading of your own. */
static inline int crashhook_set_context(const char *context, const char *name, const char *value) {
    return crashhook_set_(CRASHHOOK_CONTEXT, context, name, value);
}

/* "name@version". Wins over all other sources of the release. */
static inline int crashhook_set_release(const char *release) {
    return crashhook_set_(CRASHHOOK_RELEASE, NULL, NULL, release);
}

/* "production", "staging", ... */
static inline int crashhook_set_environment(const char *environment) {
    return crashhook_set_(CRASHHOOK_ENVIRONMENT, NULL, NULL, environment);
}

/* Which crashes are one issue: those with the same parts. The list ends in NULL; the part
 * "{{ default }}" stands for what would be used without this. NULL: no more. */
static inline int crashhook_set_fingerprint(const char *const *parts) {
    const struct crashhook_api *api = crashhook_find_();

    return api ? api->fingerprint(parts) : -1;
}

#ifdef __cplusplus
}
#endif

#endif
