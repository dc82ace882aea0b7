// kind: null pointer
// title: SIGSEGV: Null pointer dereference: write of address 0x0
// chain: main @write
#include <signal.h>
static void handler(int number) {
}
int main(void) {
    struct sigaction action = {.sa_handler = handler, .sa_flags = (int)SA_RESETHAND};
    sigaction(SIGSEGV, &action, 0);
    *(volatile int *)0 = 1; // @write
    return 0;
}
