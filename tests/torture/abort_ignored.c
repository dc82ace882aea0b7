// signal: SIGABRT
// kind: abort
// title: SIGABRT: Deliberate abort
// chain: give_up @abort, main @main
#include <signal.h>
#include <stdlib.h>
static __attribute__((noinline)) void give_up(void) {
    abort(); // @abort
}
int main(void) {
    signal(SIGABRT, SIG_IGN);
    give_up(); // @main
}
