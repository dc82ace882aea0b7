/* SPDX-License-Identifier: MIT */
/*
 * What the hook must know about the CPU, the one place where a port begins. Everything here is
 * async-signal-safe.
 */
#ifndef LIBCRASHHOOK_ARCH_H
#define LIBCRASHHOOK_ARCH_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <ucontext.h>

#include "snapshot/fields.h"

#define ARCH_NAME "x86_64"
/* As seccomp filters see it (AUDIT_ARCH_X86_64). */
#define ARCH_AUDIT 0xc000003eU

enum {
    /* Bytes below sp that a leaf function may use. */
    ARCH_RED_ZONE = 128,
    /* SA_RESTORER, which the C library adds to the flags that a program sets. */
    ARCH_SA_RESTORER = 0x04000000,
    /* A library's slots for functions that it calls, and whose addresses it takes. */
    ARCH_RELOCATION_JUMP = 7,
    ARCH_RELOCATION_ADDRESS = 6,
};

struct arch_trap {
    uint64_t number, error, address;
};

long arch_syscall(long number, long a, long b, long c, long d, long e, long f);
/* clone() with an own stack: function(argument) runs in the child, its result is the exit code. */
long arch_clone(unsigned long flags, void *stack_top, int (*function)(void *), void *argument);

/* Calls function(argument) on another stack. */
void arch_call_on(void *stack_top, int (*function)(void *), void *argument);
/* First in a handler: takes back what the interrupted code may have asked of the CPU and the kernel
 * leaves on, alignment checks. */
static inline void arch_begin_handler(void) {
    const unsigned long alignment_check = 1UL << 18;

    __builtin_ia32_writeeflags_u64(__builtin_ia32_readeflags_u64() & ~alignment_check);
}
/* Calls a program's handler; records.c is told when an exception passes. */
void arch_run_handler(void (*handler)(int, siginfo_t *, void *), int signal, siginfo_t *info,
                      void *context);
/* Where on another stack, whose pointer was sp, the kernel would have put this signal frame; *end
 * is where it ends. */
uint64_t arch_place_frame(const siginfo_t *info, const ucontext_t *context, uint64_t sp,
                          uint64_t *end);
/* Copies the signal frame to there, as the kernel would have made it, and goes on in function. */
void arch_move_frame(int signal, const siginfo_t *info, const ucontext_t *context, uint64_t place,
                     void (*function)(int, siginfo_t *, void *)) __attribute__((noreturn));
/* sigaltstack() with the stack pointer elsewhere: the kernel refuses to change a stack in use. All
 * signals must be blocked. */
long arch_sigaltstack_elsewhere(const stack_t *wanted, stack_t *old);

/* Where a jmp_buf leads to. */
uint64_t arch_jump_sp(const void *jump_buffer, bool mangled);
/* Was the mask of signals saved in it (glibc)? */
bool arch_jump_restores_mask(const void *jump_buffer);
/* The address behind a call of raise(SIGABRT) in the code of abort(); 0 if there is none. */
uint64_t arch_find_raise(const uint8_t *code, size_t size, uint64_t address, uint64_t raise);
/* The largest signal frame of this CPU, where the kernel does not tell. */
size_t arch_signal_frame_max(void);

uint64_t arch_thread_pointer(void);
/* In the order of the snapshot; known gets the registers that are real. */
void arch_registers(const ucontext_t *context, uint64_t thread_pointer,
                    uint64_t registers[SNAPSHOT_REGISTER_COUNT], uint64_t *known);
/* Where SNAPSHOT_VECTORS vector registers stand in memory; 0 if the kernel has not put them there.
 */
uint64_t arch_vectors(const ucontext_t *context);
void arch_trap(const ucontext_t *context, struct arch_trap *trap);
/* What the interrupted system call gives, on return from the handler. */
void arch_set_result(ucontext_t *context, long result);
uint64_t arch_stack_pointer(const ucontext_t *context);
/* Bytes of a signal frame from its return address on, up to and including the general registers,
 * and the stack pointer that it saved. */
size_t arch_signal_frame_size(void);
uint64_t arch_signal_frame_sp(const void *frame);
/* Sets the context back so that the trap happens once more; false where it just does by itself. */
bool arch_repeat_trap(ucontext_t *context, const siginfo_t *info);
/* The thread-local variable that a function of the form "return &variable" gives, found in the
 * function's own code: reads the address and the addend of its tls_index. */
bool arch_tls_reference(const uint8_t *code, size_t size, uint64_t address, uint64_t *index,
                        int64_t *addend);

/* What a handler returns to: debuggers and unwinders know it by its bytes. */
void arch_signal_return(void);

/* What a function that was called in the ordinary way leaves as it was, as it was. */
struct arch_caller {
    uint64_t rbp, rbx, r12, r13, r14, r15, pc;
};
/* In the order of the snapshot, as in the caller at its next instruction. */
void arch_caller_registers(const struct arch_caller *caller,
                           uint64_t registers[SNAPSHOT_REGISTER_COUNT], uint64_t *known);
/* Is it a function that does nothing, by its code? */
bool arch_is_empty_function(const void *function);
/* Lets an empty function, which other threads may be in, jump to another one, if there is room. */
void arch_divert_empty_function(void *function, void *target);
/* What a sanitizer's runtime calls: sanitizer_dies() and sanitizer_printed() with the caller. */
void arch_sanitizer_dies(void);
void arch_sanitizer_printed(const char *text);

#endif
