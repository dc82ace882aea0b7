// build: -O1 -fno-stack-protector
// kind: null pointer
// title: SIGSEGV: Null pointer dereference
// leaf: overwrite
// Everything from here to the stack's end is overwritten: no return address is left.
#define _GNU_SOURCE
#include <string.h>
extern void *__libc_stack_end;
__attribute__((noinline)) static void overwrite(void) {
    char here[16];
    volatile char *at = here;
    for (char *end = (char *)__libc_stack_end; at < end; at++)
        *at = 0x41;
    __asm__ volatile("movl $1, 0");
}
int main(void) {
    overwrite();
    return 0;
}
