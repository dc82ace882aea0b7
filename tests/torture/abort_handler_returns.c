// signal: SIGABRT
// kind: abort
// title: SIGABRT: Deliberate abort
// chain: give_up @abort, main @main
// stderr: asked politely
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
static void handler(int number) {
    if (write(2, "asked politely\n", 15) < 0)
        _exit(number);
}
static __attribute__((noinline)) void give_up(void) {
    abort(); // @abort
}
int main(void) {
    signal(SIGABRT, handler);
    give_up(); // @main
}
