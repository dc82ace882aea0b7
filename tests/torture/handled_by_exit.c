// environment: CRASHHOOK_HANDLED=1
// status: 4
// handled: true
// kind: null pointer
// title: SIGSEGV: Null pointer dereference: write of address 0x0
// chain: break_it @write, main @main
// stderr: internal error
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
static void handler(int number) {
    if (write(2, "internal error\n", 15) == 15)
        exit(4);
    _exit(number);
}
static __attribute__((noinline)) void break_it(int *p) {
    *p = 1; // @write
}
int main(void) {
    signal(SIGSEGV, handler);
    break_it(0); // @main
    return 0;
}
