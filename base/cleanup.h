/* SPDX-License-Identifier: MIT */
/* Scope-bound cleanup, as in systemd: BASE_CLEANUP(free) char *p = NULL; */
#ifndef BASE_CLEANUP_H
#define BASE_CLEANUP_H

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define BASE_CLEANUP(function) __attribute__((cleanup(cleanup_##function)))

/* cleanup_NAME for a pointer type whose destructor takes the pointer and accepts NULL. */
#define BASE_DEFINE_CLEANUP(name, type, destroy)                                                   \
    static inline void cleanup_##name(type *p) {                                                   \
        if (*p)                                                                                    \
            destroy(*p);                                                                           \
    }                                                                                              \
    struct cleanup_##name##_needs_semicolon

static inline void cleanup_free(void *p) {
    free(*(void **)p);
}

/* Keeps errno, so that a cleanup never hides the error it follows. */
static inline void cleanup_close(const int *fd) {
    if (*fd >= 0) {
        int saved = errno;
        close(*fd);
        errno = saved;
    }
}

BASE_DEFINE_CLEANUP(fclose, FILE *, fclose);
BASE_DEFINE_CLEANUP(closedir, DIR *, closedir);

/* Hands ownership over: return TAKE(p). */
#define TAKE_POINTER(p)                                                                            \
    ({                                                                                             \
        __typeof__(p) taken_ = (p);                                                                \
        (p) = NULL;                                                                                \
        taken_;                                                                                    \
    })
#define TAKE_FD(fd)                                                                                \
    ({                                                                                             \
        int taken_ = (fd);                                                                         \
        (fd) = -EBADF;                                                                             \
        taken_;                                                                                    \
    })

#endif
