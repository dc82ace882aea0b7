// signal: SIGABRT
// kind: abort
// title: SIGABRT: Deliberate abort: abort\(\) called by give_up
// chain: give_up @ABORT, main @CALL
// threads: 1
// The alternate stack that the program has set is gone. Without the hook nobody needs it.
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { SIZE = 64 * 1024 };

__attribute__((noinline)) static void give_up(void) {
    abort(); // @ABORT
}

int main(void) {
    stack_t stack = {.ss_size = SIZE};

    stack.ss_sp = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (stack.ss_sp == MAP_FAILED || sigaltstack(&stack, NULL) != 0 ||
        munmap(stack.ss_sp, SIZE) != 0)
        return 1;
    give_up(); // @CALL
    return 0;
}
