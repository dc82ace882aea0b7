/* SPDX-License-Identifier: MIT */
/* Deaths where a stack is hard to follow, by number: see unwind_ends_test.py. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>
#define NI __attribute__((noinline))
static volatile int *null;
NI int die(int x) {
    return *null + x;
}
NI void ret0(void) {
    *(void *volatile *)__builtin_frame_address(0) = 0;
    ((void *volatile *)__builtin_frame_address(0))[1] = 0;
}
NI int call_wild(int (*f)(int), int x) {
    int r = f(x);
    return r + 1;
}
NI int tail_wild(int (*f)(int), int x) {
    return f(x);
}
NI int through_tail(int (*f)(int), int x) {
    int r = tail_wild(f, x);
    return r + 1;
}
/* Leaves on the stack, below its caller's frame, a chain of returns that ends in a zero. */
__asm__(".text\n"
        ".type leftover, @function\n"
        "leftover: .cfi_startproc\n"
        " sub $8, %rsp\n .cfi_adjust_cfa_offset 8\n"
        " dec %edi\n jz 1f\n call leftover\n"
        "1: add $8, %rsp\n .cfi_adjust_cfa_offset -8\n ret\n"
        " .cfi_endproc\n .size leftover, . - leftover\n"
        ".globl leave\n .type leave, @function\n"
        "leave: .cfi_startproc\n"
        " mov $30, %edi\n call leftover\n movq $0, -8(%rsp)\n ret\n"
        " .cfi_endproc\n .size leave, . - leave\n");
extern void leave(void);
/* The stack's captured end holds the oldest of its frames alone. */
NI int descend(int n) {
    volatile char wide[70000];
    wide[n % 512] = n;
    int r = descend(n + 1);
    return r + wide[n % 512];
}
static ucontext_t main_context, other;
NI static void fiber(void) {
    die(3);
}
static void on2(int s) {
    die(s);
}
static void on1(int s) {
    raise(SIGUSR2);
}
struct ksigaction {
    void (*handler)(int);
    unsigned long flags;
    void (*restorer)(void);
    unsigned long mask;
};
__asm__(".text\nmy_restorer: mov $15, %eax\n syscall\n .globl my_restorer");
extern void my_restorer(void);
static char fiber_stack[65536], alt[65536];
int main(int argc, char **argv) {
    switch (atoi(argv[1])) {
    case 1:
        call_wild(0, 1);
        break;
    case 2:
        call_wild((int (*)(int))0x1234567, 1);
        break;
    case 3:
        call_wild((int (*)(int))(void *)fiber_stack, 1);
        break;
    case 4:
        through_tail(0, 1);
        break;
    case 5:
        ret0();
        break;
    case 6:
        getcontext(&other);
        other.uc_stack.ss_sp = fiber_stack;
        other.uc_stack.ss_size = sizeof fiber_stack;
        other.uc_link = &main_context;
        makecontext(&other, fiber, 0);
        swapcontext(&main_context, &other);
        break;
    case 7:
        signal(SIGUSR1, on1);
        signal(SIGUSR2, on2);
        raise(SIGUSR1);
        break;
    case 8: {
        struct ksigaction k = {on2, SA_RESTART | 0x04000000, my_restorer, 0};
        syscall(SYS_rt_sigaction, SIGUSR1, &k, 0, 8);
        raise(SIGUSR1);
        break;
    }
    case 9: {
        stack_t s = {.ss_sp = alt, .ss_size = sizeof alt};
        sigaltstack(&s, 0);
        struct sigaction a = {.sa_handler = on1, .sa_flags = SA_ONSTACK};
        sigaction(SIGUSR1, &a, 0);
        signal(SIGUSR2, on2);
        raise(SIGUSR1);
        break;
    }
    case 10: {
        getcontext(&other);
        char *p = mmap(0, 65536, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        other.uc_stack.ss_sp = p;
        other.uc_stack.ss_size = 65536;
        other.uc_link = 0;
        makecontext(&other, (void (*)(void))die, 1, 3);
        swapcontext(&main_context, &other);
        break;
    }
    case 11:
        call_wild((int (*)(int))0x8000000000000000, 1);
        break;
    case 12:
        leave();
        descend(1);
        break;
    }
    return 0;
}
