// signal: SIGABRT
// kind: abort
// title: SIGABRT: Deliberate abort
// chain: far_below @abort, main @main
/* What it has recovered from long ago is not why it dies, though the stack still tells of it. */
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
static sigjmp_buf back;
static void handler(int number) {
    siglongjmp(back, number);
}
static __attribute__((noinline)) void far_below(void) {
    volatile char untouched[65536];
    untouched[0] = 1;
    abort(); // @abort
}
int main(void) {
    signal(SIGSEGV, handler);
    if (sigsetjmp(back, 1) == 0)
        *(volatile int *)0 = 1;
    far_below(); // @main
}
