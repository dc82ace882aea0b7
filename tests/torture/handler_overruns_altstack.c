// signal: SIGSEGV
// kind: null pointer
// title: SIGSEGV: Null pointer dereference: write of address 0x0
// chain: fault @FAULT, main @CALL
// threads: 1
// The program's handler recurses until it falls off the alternate stack that it runs on. The kernel
// begins again at its top, over what the first call has left there; without the hook it kills, as
// the signal is blocked. With it the handler must not run again and again.
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>

enum { SIZE = 64 * 1024, GUARD = 4096 };
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
    char *memory =
        mmap(NULL, GUARD + SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    stack_t stack = {.ss_sp = memory + GUARD, .ss_size = SIZE};
    struct sigaction action = {.sa_handler = on_fault, .sa_flags = SA_ONSTACK};

    if (memory == MAP_FAILED || mprotect(memory, GUARD, PROT_NONE) != 0 ||
        sigaltstack(&stack, NULL) != 0 || sigaction(SIGSEGV, &action, NULL) != 0)
        return 1;
    fault(); // @CALL
    return 0;
}
