// signal: SIGSEGV
// kind: null pointer
// title: SIGSEGV: Null pointer dereference: write of address 0x0
// chain: fault @FAULT, main @CALL
// threads: 1
// The same on a stack that the program did not bring: it only says SA_ONSTACK. Without the hook it
// overflows the main stack in its handler, and is killed, as the signal is blocked.
#include <signal.h>
#include <stddef.h>

static volatile int *volatile null;

__attribute__((noinline)) static int recurse(int depth) {
    volatile char frame[200];

    frame[0] = (char)depth;
    return recurse(depth + 1) + frame[0];
}

static void on_fault(int signal) {
    recurse(signal);
}

__attribute__((noinline)) static void fault(void) {
    *null = 1; // @FAULT
}

int main(void) {
    struct sigaction action = {.sa_handler = on_fault, .sa_flags = SA_ONSTACK};

    if (sigaction(SIGSEGV, &action, NULL) != 0)
        return 1;
    fault(); // @CALL
    return 0;
}
