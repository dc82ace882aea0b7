// kind: null pointer
// title: SIGSEGV: Null pointer dereference: write of address 0x0
// chain: break_it @write, main @main
/* longjmp() leaves the signal blocked, as it was in the handler; the kernel kills for the second. */
#include <setjmp.h>
#include <signal.h>
static jmp_buf back;
static void handler(int number) {
    longjmp(back, number);
}
static __attribute__((noinline)) void break_it(int *p) {
    *p = 1; // @write
}
int main(void) {
    signal(SIGSEGV, handler);
    setjmp(back);
    break_it(0); // @main
    return 0;
}
