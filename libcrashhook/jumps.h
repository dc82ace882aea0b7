/* SPDX-License-Identifier: MIT */
/* Functions of the C library that are interposed by a jump, and what is done before it. */
#ifndef LIBCRASHHOOK_JUMPS_H
#define LIBCRASHHOOK_JUMPS_H

#include <stdint.h>

/* X(KIND, number, name) */
#define JUMPS(X, SYSTEM_CALL)                                                                      \
    X(LONGJMP, 0, "longjmp")                                                                       \
    X(UNDERSCORE_LONGJMP, 1, "_longjmp")                                                           \
    X(SIGLONGJMP, 2, "siglongjmp")                                                                 \
    X(LONGJMP_CHECKED, 3, "__longjmp_chk")                                                         \
    X(SETCONTEXT, 4, "setcontext")                                                                 \
    X(SWAPCONTEXT, 5, "swapcontext")                                                               \
    X(ABORT, 6, "abort")                                                                           \
    X(ASSERT_FAIL, 7, "__assert_fail")                                                             \
    X(ASSERT_PERROR_FAIL, 8, "__assert_perror_fail")                                               \
    X(STACK_CHK_FAIL, 9, "__stack_chk_fail")                                                       \
    X(CHK_FAIL, 10, "__chk_fail")                                                                  \
    X(EXIT, 11, "exit")                                                                            \
    X(UNDERSCORE_EXIT, 12, "_exit")                                                                \
    X(C99_EXIT, 13, "_Exit")                                                                       \
    X(QUICK_EXIT, 14, "quick_exit")                                                                \
    X(DLOPEN, 15, "dlopen")                                                                        \
    X(DLMOPEN, 16, "dlmopen")                                                                      \
    X(DLCLOSE, 17, "dlclose")                                                                      \
    X(DLSYM, 18, "dlsym")                                                                          \
    SYSTEM_CALL(SYSCALL, 19, "syscall")

enum jump {
#define X(KIND, number, name) JUMP_##KIND = number,
    JUMPS(X, X)
#undef X
        JUMP_KINDS
};

/* So that a handler that jumps finds everything looked up. */
void jumps_resolve(void);
/* Where the caller, one of the exported functions (arch), jumps to next; its arguments. */
void *jumps_target(unsigned jump, uint64_t arguments[6]);
/* The real syscall(), once it is known. */
extern _Atomic(void *) jumps_system_call;

#endif
