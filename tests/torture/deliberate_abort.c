// signal: SIGABRT
// kind: abort
// title: SIGABRT: Deliberate abort: abort\(\) called by give_up
// chain: give_up @abort, main @main
#include <stdlib.h>
static __attribute__((noinline)) void give_up(void) {
    abort(); // @abort
}
int main(void) {
    give_up(); // @main
    return 0;
}
