// signal: SIGSEGV
// kind: null pointer
// title: SIGSEGV: Null pointer dereference
// chain-has: handle, main
// A handler of a handler of a handler.
#include <signal.h>
static void handle(int number) {
    if (number == SIGUSR1)
        raise(SIGUSR2);
    else if (number == SIGUSR2)
        raise(SIGALRM);
    *(volatile int *)0 = 1;
}
int main(void) {
    signal(SIGUSR1, handle);
    signal(SIGUSR2, handle);
    signal(SIGALRM, handle);
    raise(SIGUSR1);
    return 0;
}
