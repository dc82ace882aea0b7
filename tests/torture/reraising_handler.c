// kind: null pointer
// title: SIGSEGV: Null pointer dereference: write of address 0x0
// chain: break_it @write, main @main
// stderr: own last words
#include <signal.h>
#include <unistd.h>
static void handler(int number) {
    if (write(2, "own last words\n", 15) < 0)
        _exit(1);
    signal(number, SIG_DFL);
    raise(number);
}
static __attribute__((noinline)) void break_it(int *p) {
    *p = 1; // @write
}
int main(void) {
    signal(SIGSEGV, handler);
    break_it(0); // @main
    return 0;
}
