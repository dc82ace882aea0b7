// signal: SIGSEGV
// kind: stack overflow
// title: SIGSEGV: Stack overflow
// chain: fault @FAULT, main @CALL
// threads: 1
// One array is larger than the whole stack, and than all guards: sp is where nothing is.
#include <stddef.h>

static volatile size_t size = 90 << 20;

__attribute__((noinline)) static int fault(size_t length) {
    volatile char array[length];

    array[0] = 1; // @FAULT
    return array[0];
}

int main(void) {
    return fault(size) - 1; // @CALL
}
