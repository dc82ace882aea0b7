/* SPDX-License-Identifier: MIT */
/*
 * The exported functions that must not be a frame of their own: their caller's place, or its frame,
 * is part of what they do. jumps.c is told of the call, then the real one is jumped to with the
 * arguments as they came.
 */
#include "libcrashhook/jumps.h"

#define PUSH(register) "    pushq %" register "\n.cfi_adjust_cfa_offset 8\n"
#define POP(register)  "    popq %" register "\n.cfi_adjust_cfa_offset -8\n"

/* rax holds the number of vector registers that a variadic call uses. */
#define ASK(kind)                                                                                  \
    PUSH("rax")                                                                                    \
    PUSH("r9")                                                                                     \
    PUSH("r8")                                                                                     \
    PUSH("rcx")                                                                                    \
    PUSH("rdx")                                                                                    \
    PUSH("rsi")                                                                                    \
    PUSH("rdi")                                                                                    \
    "    movl $" kind ", %edi\n"                                                                   \
    "    movq %rsp, %rsi\n"                                                                        \
    "    call jumps_target\n"                                                                      \
    "    movq %rax, %r11\n" POP("rdi") POP("rsi") POP("rdx") POP("rcx") POP("r8") POP("r9")        \
        POP("rax") "    jmp *%r11\n"

#define BEGIN(name)                                                                                \
    ".text\n"                                                                                      \
    ".globl " name "\n"                                                                            \
    ".type " name ", @function\n" name ":\n"                                                       \
    ".cfi_startproc\n"
#define END(name)                                                                                  \
    ".cfi_endproc\n"                                                                               \
    ".size " name ", . - " name "\n"

#define JUMP(KIND, number, name)                                                                   \
    __asm__(BEGIN(name) ASK(#number) END(name));                                                   \
    _Static_assert(JUMP_##KIND == (number), "what jumps_target() is told");

/* Programs may call it all the time: what does not concern signals goes straight on. */
#define SYSTEM_CALL(KIND, number, name)                                                            \
    __asm__(BEGIN(name) "    cmpq $13, %rdi\n" /* rt_sigaction */                                  \
                        "    je 1f\n"                                                              \
                        "    cmpq $14, %rdi\n" /* rt_sigprocmask */                                \
                        "    je 1f\n"                                                              \
                        "    cmpq $131, %rdi\n" /* sigaltstack */                                  \
                        "    je 1f\n"                                                              \
                        "    cmpq $60, %rdi\n" /* exit */                                          \
                        "    je 1f\n"                                                              \
                        "    cmpq $231, %rdi\n" /* exit_group */                                   \
                        "    je 1f\n"                                                              \
                        "    movq jumps_system_call(%rip), %r11\n"                                 \
                        "    testq %r11, %r11\n"                                                   \
                        "    jz 1f\n"                                                              \
                        "    jmp *%r11\n"                                                          \
                        "1:\n" ASK(#number) END(name));                                            \
    _Static_assert(JUMP_##KIND == (number), "what jumps_target() is told");

JUMPS(JUMP, SYSTEM_CALL)
