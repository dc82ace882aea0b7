// kind: null pointer
// title: SIGSEGV: Null pointer dereference
// chain: handler @write, wait_for_it @raise, main @main
#include <signal.h>
#include <stdlib.h>
static void handler(int number) {
    *(volatile int *)0 = number; // @write
}
static __attribute__((noinline)) int wait_for_it(void) {
    raise(SIGUSR1); // @raise
    return 1;
}
int main(void) {
    stack_t stack = {.ss_sp = malloc(65536), .ss_size = 65536};
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_ONSTACK};
    sigaltstack(&stack, 0);
    sigaction(SIGUSR1, &action, 0);
    return wait_for_it(); // @main
}
