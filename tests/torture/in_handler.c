// kind: null pointer
// title: SIGSEGV: Null pointer dereference
// chain: handler @write, wait_for_it @raise, main @main
#include <signal.h>
static void handler(int number) {
    *(volatile int *)0 = number; // @write
}
static __attribute__((noinline)) int wait_for_it(void) {
    raise(SIGUSR1); // @raise
    return 1;
}
int main(void) {
    signal(SIGUSR1, handler);
    return wait_for_it(); // @main
}
